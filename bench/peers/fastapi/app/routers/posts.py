"""`/posts`"""

from typing import Annotated

from fastapi import APIRouter, Query

from app.dependencies import Posts
from app.dto import PostPatch, PostRead, Sort

router = APIRouter(prefix="/posts", tags=["posts"])


@router.get("", response_model=list[PostRead])
def list_posts(
    posts: Posts,
    sort: Sort = Sort.ID,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
):
    return posts.list(None, sort, limit, offset)


@router.patch("/{post_id}", response_model=PostRead)
def patch_post(post_id: int, change: PostPatch, posts: Posts):
    return posts.patch(post_id, change)
