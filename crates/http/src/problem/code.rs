use actix_web::http::StatusCode;
use byline_domain::{PostFields, Relation};

/// Declares the codes as a table: variant, name, status, title, meaning and
/// remedy, so that each has a page.
macro_rules! codes {
    ($($variant:ident $name:literal $status:ident $title:literal $meaning:literal $remedy:literal)+) => {
        /// The kind of a problem. Its name is stable, so that programs can rely on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $(#[doc = $title] $variant,)+
        }

        impl Code {
            /// All codes.
            pub(crate) const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Returns the name in problem documents.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Returns the status of responses with this code.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// Returns a few words, the same for every occurrence.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// Returns what has happened, in one or two sentences.
            pub(crate) const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// Returns what the client can do about it.
            pub(crate) const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }
        }
    };
}

/// The codes for a parent that does not exist, and for one that has children.
const RELATIONS: &[(Relation, Code, Code)] =
    &[(PostFields::AUTHOR, Code::AuthorMissing, Code::UserHasPosts)];

/// Returns the code for a row whose parent in `relation` does not exist.
pub(super) fn missing_parent(relation: Relation) -> Option<Code> {
    let mut codes = RELATIONS.iter();
    codes
        .find(|(of, ..)| *of == relation)
        .map(|(_, missing, _)| *missing)
}

/// Returns the code for a row that cannot be deleted because of its children in `relation`.
pub(super) fn has_children(relation: Relation) -> Option<Code> {
    let mut codes = RELATIONS.iter();
    codes
        .find(|(of, ..)| *of == relation)
        .map(|(_, _, has_children)| *has_children)
}

codes! {
    BadRequest "bad-request" BAD_REQUEST
        "Bad request"
        "The request does not follow HTTP."
        "Check how your client writes the request; repeating it will not help."
    MalformedJson "malformed-json" BAD_REQUEST
        "Malformed JSON"
        "The body is not well-formed JSON (RFC 8259) in UTF-8, is nested more than 128 levels deep, or has a number beyond the range of a double."
        "Look at the line and column that `detail` names. Send no byte order mark and no lone surrogates."
    InvalidParameter "invalid-parameter" BAD_REQUEST
        "Invalid query parameter"
        "A query parameter is unknown here, given more than once, does not go with the others, or has a value that it cannot have.\n\n\
         unknown-parameter: there is no such parameter here\n\
         duplicate-parameter: the parameter is given more than once\n\
         unknown-value: the value is none of those that there are\n\
         out-of-range: not a whole number, or too small or too large\n\
         not-a-time: not an RFC 3339 time\n\
         not-utf-8: not percent-encoded UTF-8\n\
         needs-sort: no index serves this filter in the order of the list; `detail` names the orders that it goes with\n\n\
         Texts and e-mail addresses have the codes of the problem invalid-fields."
        "`errors` names each such parameter. Unknown ones are refused, so that a slip of the pen is not taken for a filter that matches everything."
    InvalidCursor "invalid-cursor" BAD_REQUEST
        "Invalid cursor"
        "The cursor is damaged, or was made for another list or with other filters or another sort."
        "Take cursors from the `Link` header of an answer as they are, with the same path and parameters; or begin again without `cursor`."
    InvalidHeader "invalid-header" BAD_REQUEST
        "Invalid header"
        "A request header does not have the form that its definition demands."
        "`detail` names the header and the form."
    Unauthenticated "unauthenticated" UNAUTHORIZED
        "Unauthenticated"
        "This needs a credential, and the request has none."
        "Send a key of this service or a token of its issuer: `Authorization: Bearer …`. Its operator gives you one."
    InvalidCredential "invalid-credential" UNAUTHORIZED
        "Invalid credential"
        "The credential of the request is damaged, unknown, revoked or expired, or was not issued for this service."
        "`detail` names the reason. Get another credential: repeating the request with this one will not help."
    Forbidden "forbidden" FORBIDDEN
        "Forbidden"
        "The service knows who you are, and you may not do this."
        "Use a credential with the scope that `detail` names, or work on what is yours."
    NotFound "not-found" NOT_FOUND
        "Not found"
        "There is nothing with this id: it never existed, or was deleted."
        "Check the id. Ids are whole numbers from 1 to 9007199254740991, written without leading zeros."
    UnknownPath "unknown-path" NOT_FOUND
        "Unknown path"
        "The service has nothing at this path."
        "`GET /` lists where to begin."
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED
        "Method not allowed"
        "The path exists, but not for this method."
        "The header `Allow` lists the methods."
    NotAcceptable "not-acceptable" NOT_ACCEPTABLE
        "Not acceptable"
        "The request's `Accept` excludes every media type in which there is an answer."
        "Send `Accept: application/json`, or no `Accept` at all. `detail` names what there is."
    RequestTimeout "request-timeout" REQUEST_TIMEOUT
        "Request timeout"
        "The body of the request did not arrive in time."
        "Send the request again, on a new connection."
    EmailTaken "email-taken" CONFLICT
        "E-mail address taken"
        "Another user has this e-mail address. Addresses that differ only in upper and lower case are the same."
        "Choose another address, or change the user who has it."
    AuthorMissing "author-missing" CONFLICT
        "Author missing"
        "`user_id` names a user who does not exist."
        "Create the user first, or name another."
    UserHasPosts "user-has-posts" CONFLICT
        "User still has posts"
        "A user is not deleted as long as there are posts of it."
        "Delete the posts first or give them to another user, or delete all of them with the user: `DELETE /users/{user_id}?posts=delete`."
    KeyInUse "key-in-use" CONFLICT
        "Idempotency key in use"
        "A request with the same `Idempotency-Key` has not ended yet, and this one could not wait any longer. It changed nothing."
        "Send the same request with the same key again, after the seconds that `Retry-After` names: it will be given the answer to the first."
    LimitReached "limit-reached" CONFLICT
        "Limit reached"
        "A number that the service counts has reached its greatest value: there is no id left for another row, or the row is in the last version that there can be. Nothing was changed."
        "`detail` names which. Repeating the request will not help: tell the operator, or delete the row and create it again."
    PreconditionFailed "precondition-failed" PRECONDITION_FAILED
        "Precondition failed"
        "The row has been changed since you read it, or was never in the version that `If-Match` names. Nothing was changed."
        "Read the row again, apply your change to what it is now, and send that with the new `ETag` in `If-Match`."
    BodyTooLarge "body-too-large" PAYLOAD_TOO_LARGE
        "Body too large"
        "The body of the request has more than 1 MiB (1048576 bytes)."
        "Send less at once."
    UriTooLong "uri-too-long" URI_TOO_LONG
        "URI too long"
        "Path and query of the request have more than 8 KiB (8192 bytes)."
        "Send fewer or shorter parameters."
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE
        "Unsupported media type"
        "The body's `Content-Type` is missing or is none that this request takes."
        "Send JSON in UTF-8 as `Content-Type: application/json`; PATCH also takes `application/merge-patch+json`."
    UnsupportedContentEncoding "unsupported-content-encoding" UNSUPPORTED_MEDIA_TYPE
        "Unsupported content encoding"
        "The body is compressed, and the service does not decompress."
        "Send the body as it is, without `Content-Encoding`."
    InvalidFields "invalid-fields" UNPROCESSABLE_ENTITY
        "Invalid fields"
        "The body is well-formed, but breaks rules; `errors` lists all of them, each with a pointer to the member (RFC 6901) and a code.\n\n\
         required: the member is missing\n\
         null: the member must not be null\n\
         wrong-type: the value is of another JSON type\n\
         unknown-member: there is no such member\n\
         duplicate-member: the member is there more than once\n\
         read-only: the server gives this member its value\n\
         out-of-range: the number is too small or too large\n\
         blank: nothing but white space\n\
         too-long: too many characters\n\
         control-character: a character that must not stand in this text\n\
         not-an-email-address: not an e-mail address\n\
         domain-without-dot: an e-mail address whose domain has no dot\n\n\
         In a batch also:\n\n\
         unknown-word: none of the words that may stand here\n\
         too-many-operations: more than a batch may have\n\
         malformed-tags: neither `*` nor a list of entity tags\n\
         duplicate-ref: an earlier operation has this `ref`\n\
         unknown-ref: no earlier operation has this `ref`\n\
         not-a-user: the operation with this `ref` creates no user"
        "Correct every member that `errors` points to."
    KeyReused "key-reused" UNPROCESSABLE_ENTITY
        "Idempotency key reused"
        "This `Idempotency-Key` came with another request before: another method, path, query, precondition or body. Nothing was changed."
        "Give each request a key of its own, such as a random UUID, and use it again only to send the same request again."
    PreconditionRequired "precondition-required" PRECONDITION_REQUIRED
        "Precondition required"
        "This service changes and deletes rows only if the request says which version it means."
        "Read the row, and send its `ETag` in `If-Match`; or send `If-Match: *` if any version will do."
    RateLimited "rate-limited" TOO_MANY_REQUESTS
        "Too many requests"
        "You have sent more requests, or more credentials that were wrong, than you may in this time."
        "Wait for the seconds that `Retry-After` names. `RateLimit` tells after each request how many are left, `RateLimit-Policy` how many there are."
    Internal "internal-error" INTERNAL_SERVER_ERROR
        "Internal error"
        "The service failed. The fault is not yours."
        "Tell the operator the request id, which is in `instance` and in the header `X-Request-Id`."
    QueueFull "queue-full" SERVICE_UNAVAILABLE
        "Queue full"
        "More requests wait for the database than may wait. Nothing was changed."
        "Try again after the seconds that `Retry-After` names."
    DeadlineExceeded "deadline-exceeded" SERVICE_UNAVAILABLE
        "Deadline exceeded"
        "The request could not be served in the time it has. Nothing was changed."
        "Try again after the seconds that `Retry-After` names."
    DatabaseUnavailable "database-unavailable" SERVICE_UNAVAILABLE
        "Database unavailable"
        "The database cannot serve this request at present. Nothing was changed."
        "Try again after the seconds that `Retry-After` names."
    Contention "contention" SERVICE_UNAVAILABLE
        "Too many conflicts"
        "Other requests changed the same rows again and again in the meantime. Nothing was changed by this one."
        "Try again after the seconds that `Retry-After` names."
    ShuttingDown "shutting-down" SERVICE_UNAVAILABLE
        "Shutting down"
        "This instance of the service is about to end. Nothing was changed."
        "Try again after the seconds that `Retry-After` names; another instance will answer."
    OutcomeUnknown "outcome-unknown" SERVICE_UNAVAILABLE
        "Outcome unknown"
        "The change was begun, and it could not be told in time whether it took place. It may have, or may yet."
        "Send the same request again. With an `Idempotency-Key` that is safe: it takes effect once. Without one, read first what you wanted to change; with `If-Match` a repeated change cannot be made twice."
    NotReady "not-ready" SERVICE_UNAVAILABLE
        "Not ready"
        "This instance cannot serve requests at present."
        "Send requests to another instance, or wait. `detail` tells an operator what is missing."
}

impl Code {
    /// Returns the path of the page about the code, the `type` of RFC 9457.
    pub(crate) fn page(self) -> String {
        format!("/problems/{}", self.name())
    }

    /// Returns after how many seconds the same request may succeed.
    pub(crate) const fn retry_after(self) -> Option<u16> {
        match self {
            Self::ShuttingDown | Self::NotReady => Some(5),
            Self::QueueFull
            | Self::DeadlineExceeded
            | Self::DatabaseUnavailable
            | Self::Contention
            | Self::KeyInUse
            | Self::OutcomeUnknown => Some(1),
            _ => None,
        }
    }

    /// Returns whether the rest of the body may be too long to read.
    pub(crate) const fn leaves_body_unread(self) -> bool {
        matches!(self, Self::RequestTimeout | Self::BodyTooLarge)
    }

    /// Returns the most specific code for a response of which only the status is known.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::UnknownPath,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::NOT_ACCEPTABLE => Self::NotAcceptable,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::URI_TOO_LONG => Self::UriTooLong,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::NotReady,
            other if other.is_server_error() => Self::Internal,
            _ => Self::BadRequest,
        }
    }
}
