"""
What a repository can be asked: of each question how a store that is opened here answers, and how a
server does.

They stand in modules that have the names of those with the commands that ask them; `things.py` has
what is alike in asking about one thing.
"""
