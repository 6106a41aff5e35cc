"""Pythons of their own for what is measured: of a gate's arms, and of subjects that ask for one."""
