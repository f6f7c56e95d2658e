"""Measuring: data sets, runs, metrics, reports."""
