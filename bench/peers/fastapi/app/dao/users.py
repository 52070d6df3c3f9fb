"""Users in the database."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import User


class UserDao:
    def __init__(self, session: Session) -> None:
        self.session = session

    def find(self, user_id: int) -> User | None:
        return self.session.get(User, user_id)

    def find_by_email(self, email: str) -> User | None:
        return self.session.scalar(select(User).where(User.email == email))

    def add(self, user: User) -> User:
        self.session.add(user)
        self.session.commit()
        self.session.refresh(user)
        return user
