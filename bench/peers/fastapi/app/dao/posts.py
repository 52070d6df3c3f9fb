"""Posts in the database."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.dto import Sort
from app.models import Post


class PostDao:
    def __init__(self, session: Session) -> None:
        self.session = session

    def find(self, post_id: int) -> Post | None:
        return self.session.get(Post, post_id)

    def list(
        self, user_id: int | None, sort: Sort, limit: int, offset: int
    ) -> Sequence[Post]:
        query = select(Post)
        if user_id is not None:
            query = query.where(Post.user_id == user_id)
        if sort is Sort.NEWEST_FIRST:
            query = query.order_by(Post.created_at.desc(), Post.id.desc())
        else:
            query = query.order_by(Post.id)
        return self.session.scalars(query.limit(limit).offset(offset)).all()

    def save(self, post: Post) -> Post:
        self.session.commit()
        self.session.refresh(post)
        return post
