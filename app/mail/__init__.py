"""Mail: templates, composing, and the two ways out: a mail server, or files where there is none."""
