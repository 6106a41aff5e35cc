"""Subjects made of what a scenario names: a class of a saver, or a function that gives one."""
