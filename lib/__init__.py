"""The library behind the book: one module an idea, each used by the lessons and proved by the tests."""
