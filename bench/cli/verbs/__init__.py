"""One module for each verb, in groups: what measures, what judges records, what shows something.

Each has ``EXAMPLES``, what may follow the verb on a command line; ``add_arguments(parser)``; and
``run(options) -> exit code``. What several verbs do is in ``bench.cli``: no verb imports another.
"""
