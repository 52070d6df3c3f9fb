//! `/posts`, `/posts/{post_id}` and `/users/{user_id}/posts`.

use byline_application::PostFilter;
use byline_domain::{Content, PostFields, Title, UserFields};

use crate::openapi::schemas::{line, lines};
use crate::resources::declare::rest_resource;

rest_resource! {
    PostFields;
    scopes { PostsRead, PostsWrite }
    batch { Post }
    description { "What they write." }
    creation { "The body names the user who wrote it." }
    example {"id": 7, "user_id": 1, "title": "Notes", "content": "On the Analytical Engine"}
    change {"title": "Notes by the translator"}
    paths { "/posts", "/posts/{post_id}", "post_id" }
    filters {}
    parents {
        user_id: UserFields as AUTHOR, PostFilter::Author, "/users/{user_id}/posts", "author", "The user who wrote the post.";
    }
    fields {
        title: Title, line::<Title>("Notes");
        content: Content, lines::<Content>("On the Analytical Engine");
    }
}
