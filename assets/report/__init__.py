"""The report: static pages in two languages, made from a published file and nothing else.

book.py    reads the file once              outcomes.py  what became of each goal, for readers
text.py    words, figures, links            pages.py     which pages there are, and what is on them
write.py   templates to files               templates/   HTML        static/   style and scripts
"""
