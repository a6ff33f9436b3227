"""The library behind the book: one module an idea, used by the lessons, proved by the tests."""
