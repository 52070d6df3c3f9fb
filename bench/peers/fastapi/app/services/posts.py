"""What can be done with posts."""

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import HTTPException, status

from app.dao.posts import PostDao
from app.dto import PostPatch, Sort
from app.models import Post


class PostService:
    def __init__(self, posts: PostDao) -> None:
        self.posts = posts

    def list(
        self, user_id: int | None, sort: Sort, limit: int, offset: int
    ) -> Sequence[Post]:
        return self.posts.list(user_id, sort, limit, offset)

    def patch(self, post_id: int, change: PostPatch) -> Post:
        post = self.posts.find(post_id)
        if post is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "Post not found")
        for name, value in change.model_dump(exclude_unset=True).items():
            setattr(post, name, value)
        post.updated_at = datetime.now(UTC).replace(tzinfo=None)
        return self.posts.save(post)
