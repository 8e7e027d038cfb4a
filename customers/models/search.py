"""The texts by which organisations are found."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from customers.models.organisations import Organisation


class SearchKey(models.Model):
    """One text by which an organisation is found, folded by `portal.lib.text.fold`.

    The app that owns a fact writes its key here, and nowhere else: triggers make `SearchText` and `SearchWord` of
    the keys (migration 0002).
    """

    class Kind(models.TextChoices):
        NAME = "name", "Name"
        UUID = "uuid", "UUID"
        OWNER_EMAIL = "owner_email", "Owner e-mail"
        BILLING_EMAIL = "billing_email", "Billing e-mail"
        NUMBER = "number", "Number"
        REFERENCE = "reference", "Customer reference"
        MEMBER = "member", "Member"
        MEMBER_EMAIL = "member_email", "Member e-mail"

    # The constraint's index begins with the organisation. That it exists is said by the key of the search text
    # that every search key becomes a part of.
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="search_keys", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=15, choices=Kind.choices)
    text = models.CharField(max_length=400)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kind", "text"], name="a_search_key_is_kept_once"),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        *("name", "uuid", "owner_email", "billing_email", "number", "reference"),
                        *("member", "member_email"),
                    ]
                ),
                name="a_search_key_has_a_known_kind",
            ),
        ]
        indexes = [models.Index(fields=["text"], name="search_key_text")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class SearchText(models.Model):
    """All keys of an organisation in one line, so that one trigram index answers for all of them.

    *Shape*: `text` is "/ name / another key / ... / =uuid"; no folded key holds "/" or "=". `words` are those
    with letters, three at least, of name, e-mail addresses and reference. Collation C, so that a plain index
    answers for beginnings.
    """

    # Gone with the last key of the organisation.
    organisation = models.OneToOneField(
        Organisation, models.DO_NOTHING, primary_key=True, related_name="search_text"
    )
    name = models.TextField(db_collation="C")
    text = models.TextField(db_collation="C")
    words = ArrayField(models.TextField(db_collation="C"))

    class Meta:
        indexes = [
            GinIndex(fields=["text"], name="search_text_trigrams", opclasses=["gin_trgm_ops"]),
            GinIndex(fields=["words"], name="search_text_words"),
            models.Index(fields=["name", "organisation"], name="search_text_name"),
        ]

    def __str__(self) -> str:
        return self.text


class SearchWord(models.Model):
    """A word that is, or once was, in a `SearchText`: what a misspelt one is compared with."""

    word = models.TextField(primary_key=True, db_collation="C")

    class Meta:
        indexes = [GinIndex(fields=["word"], name="search_word_trigrams", opclasses=["gin_trgm_ops"])]

    def __str__(self) -> str:
        return self.word
