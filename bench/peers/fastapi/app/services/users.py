"""What can be done with users."""

from datetime import UTC, datetime

from fastapi import HTTPException, status
from sqlalchemy.exc import IntegrityError

from app.dao.users import UserDao
from app.dto import UserCreate
from app.models import User


class UserService:
    def __init__(self, users: UserDao) -> None:
        self.users = users

    def read(self, user_id: int) -> User:
        user = self.users.find(user_id)
        if user is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "User not found")
        return user

    def create(self, new: UserCreate) -> User:
        now = datetime.now(UTC).replace(tzinfo=None)
        user = User(name=new.name, email=new.email, created_at=now, updated_at=now, version=1)
        try:
            return self.users.add(user)
        except IntegrityError as error:
            raise HTTPException(status.HTTP_409_CONFLICT, "Email already registered") from error
