"""The page in the browser and the widget in the notebook."""
