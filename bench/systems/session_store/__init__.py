"""Whole sessions in one Postgres table, with files for when it is down and a REST face."""
