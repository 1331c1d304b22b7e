"""A page as its reader sees it: elements, texts, links; what does not balance is an error."""

from html.parser import HTMLParser

VOID = {"meta"}


class Page(HTMLParser):
    """A page that was read.

    Attributes
    ----------
    tags : list of (str, dict)
        Every element with its attributes, in order.
    text : str
        What is shown, without the style sheet.
    code : list of str
        What stands in <code>.
    """

    def __init__(self, source):
        super().__init__()
        self.tags, self.parts, self.code, self.open = [], [], [], []
        self.feed(source)
        self.close()
        assert not self.open
        self.text = " ".join("".join(self.parts).split())

    def handle_starttag(self, tag, attributes):
        assert len({name for name, _ in attributes}) == len(attributes), attributes
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "code":
            self.code.append("")
        self.parts.append(" ")

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.parts.append(" ")

    def handle_data(self, data):
        if "style" not in self.open:
            self.parts.append(data)
        if "code" in self.open:
            self.code[-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]
