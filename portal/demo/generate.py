"""Make the demo: show-cases first, then a few hundred organisations around them."""

import random
from dataclasses import dataclass
from datetime import date

from customers.models import Organisation
from portal.demo import ledger, population, showcase
from portal.demo.book import Book

ORGANISATIONS = 300
ENDINGS = 10
SEED = 20240929


@dataclass(frozen=True)
class Story:
    """Hold a show-case: whom to open, and what to see there."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Demo:
    """Hold everything that is to be written."""

    book: Book
    stories: tuple[Story, ...]


def generate(today: date, *, seed: int = SEED, organisations: int = ORGANISATIONS) -> Demo:
    """Make the rows of the demo relative to a day; the same day and seed give the same rows."""
    book = Book(today=today, rng=random.Random(seed))  # noqa: S311 - chance, not secrets
    stories = []
    for tell in showcase.STORIES:
        sentence = tell(book)
        made = book.of(Organisation)[-1]
        stories.append(Story(name=made.name, sentence=sentence))
    population.populate(book, wanted=organisations, endings=ENDINGS)
    ledger.top_up(book)
    return Demo(book=book, stories=tuple(stories))
