"""The engine, and the session that each request gets."""

import os
from collections.abc import Iterator

from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

DATABASE_URL = os.environ["DATABASE_URL"]
SQLITE = DATABASE_URL.startswith("sqlite")

engine = create_engine(
    DATABASE_URL, connect_args={"check_same_thread": False} if SQLITE else {}
)
SessionLocal = sessionmaker(bind=engine, autoflush=False)


class Base(DeclarativeBase):
    pass


if SQLITE:

    @event.listens_for(engine, "connect")
    def make_durable(connection, _record) -> None:
        for pragma in (
            "busy_timeout = 5000",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")


def get_session() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session
