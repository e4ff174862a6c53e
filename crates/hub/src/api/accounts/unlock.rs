//! Opening an account again that too many wrong passwords have locked.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::{by, read};
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::access::empty;
use crate::api::problem::Problem;

/// Forgets the wrong passwords of an account, so that it may be tried again at once. The addresses from which it was tried
/// stay as they are.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/unlock", tag = "accounts",
    params(("id" = String, Path, description = "Id of the account")),
    responses(
        (status = 204, description = "It may be tried again"),
        (status = 403, description = "own_account: whoever guesses one's password in one's session would get more tries",
            body = Problem),
        (status = 404, body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn account_unlock(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = read(&app, &id).await?;
    if caller.is_account(&id) {
        let detail = "nobody unlocks his own account: another security administrator does";
        return Err(Problem::of("own_account", StatusCode::FORBIDDEN, detail));
    }
    crate::accounts::account_unlock(&app.store, &row, &by(&caller)).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
