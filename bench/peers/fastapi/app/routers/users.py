"""`/users`"""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from app.dependencies import Posts, Users
from app.dto import PostRead, Sort, UserCreate, UserRead

router = APIRouter(prefix="/users", tags=["users"])


@router.get("/{user_id}", response_model=UserRead)
def read_user(user_id: int, users: Users):
    return users.read(user_id)


@router.post("", response_model=UserRead, status_code=status.HTTP_201_CREATED)
def create_user(new: UserCreate, users: Users, response: Response):
    user = users.create(new)
    response.headers["Location"] = f"/users/{user.id}"
    return user


@router.get("/{user_id}/posts", response_model=list[PostRead])
def list_posts_of_user(
    user_id: int,
    posts: Posts,
    sort: Sort = Sort.ID,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
):
    return posts.list(user_id, sort, limit, offset)
