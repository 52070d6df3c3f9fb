"""What the routers are given."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from app.dao.posts import PostDao
from app.dao.users import UserDao
from app.database import get_session
from app.services.posts import PostService
from app.services.users import UserService

RequestSession = Annotated[Session, Depends(get_session)]


def get_user_service(session: RequestSession) -> UserService:
    return UserService(UserDao(session))


def get_post_service(session: RequestSession) -> PostService:
    return PostService(PostDao(session))


Users = Annotated[UserService, Depends(get_user_service)]
Posts = Annotated[PostService, Depends(get_post_service)]
