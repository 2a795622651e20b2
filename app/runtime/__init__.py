"""The compiled contract: what the bundle says of an operation becomes, once, a plan that serves it.

A plan reads the parameters (`parameters`), the body (`bodies`) and the credentials (`security`), calls the handler and
writes the answer (`answers`); `plans` puts them together, and `dispatch` finds the plan of a request. Handlers are
plain functions that fit the generated Protocols, and see nothing of this.
"""
