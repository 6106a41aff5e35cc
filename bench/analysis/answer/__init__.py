"""The question's answer: yes or no by rule, what was shown and what was not, in plain words."""
