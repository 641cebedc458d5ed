"""Whatever is drawn or written for people."""
