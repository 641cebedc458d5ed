"""Calibration on a record, and tests of how far the calibrated model can be trusted."""
