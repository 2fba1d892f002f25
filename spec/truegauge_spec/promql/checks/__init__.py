"""What can be wrong with each part of an expression. A check yields the span and the message; its name is its code."""
