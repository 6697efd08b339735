//! Uploads over HTTP.

use actix_web::web::{Data, Json as Answer, Payload};
use actix_web::{HttpRequest, post};
use api::{AuthErrors, Authed, BodyErrors, ErrorBody, OverloadErrors, Path, Problem};
use auth::{Account, Caller};
use files::{File, FileName, Files, Form, Kind, NewFile};
use ids::{AccountId, RoomId};
use rooms::Directory;
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;
use values::time;

use crate::error::UploadError;
use crate::upload::accept;

api::routes! { upload_file }

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read piece by piece")]
struct UploadForm {
    /// A PNG or JPEG image or a PDF document.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// A file that was uploaded.
#[derive(Serialize, ToSchema)]
struct UploadView {
    /// Its name.
    #[schema(example = "職位.png")]
    name: String,
    /// A link for everyone who has it, good as long as `files.link_days` and the room say.
    url: String,
    /// Its size, in bytes. A picture was written anew.
    size: i64,
    /// Its content type.
    #[schema(example = "image/png")]
    r#type: String,
    /// In milliseconds since 1970.
    #[serde(rename = "uploadedAt")]
    uploaded_at: i64,
    #[serde(rename = "uploadedBy")]
    uploaded_by: UploaderView,
}

/// Who uploaded a file.
#[derive(Serialize, ToSchema)]
struct UploaderView {
    #[serde(rename = "userId")]
    user_id: AccountId,
    #[serde(rename = "userName")]
    user_name: String,
    /// Always `counselor`.
    #[schema(example = "counselor")]
    role: &'static str,
}

/// Upload a file into a room
///
/// For the room's owner alone. Pictures are written anew, without EXIF.
#[utoipa::path(tag = "files", security(("bearer" = [])), params(Path<RoomId>),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "The file, and a link to it", body = UploadView),
        (status = 400, description = "The file is not taken, as `detail` says, or the token's subject is no id", body = ErrorBody),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
        (status = 409, description = "The files of the account or of the room take too much space", body = ErrorBody),
    ),
)]
#[post("/api/rooms/{room_id}/upload")]
async fn upload_file(
    request: HttpRequest,
    // Before the next extractor, which would take it.
    payload: Payload,
    directory: Data<Directory>,
    files: Data<Files>,
    Authed(Caller(account), Path(room)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<UploadView>, Problem> {
    if !directory.is_owner(&account, room).await? {
        return Err(UploadError::NotOwner.into());
    }
    let Form { file, .. } = files.receive(&request, payload, &[], accept).await?;
    let name = FileName::parse(&file.head.name)?;
    let new = NewFile { owner: account.id, room, kind: Kind::Upload, name };
    let file = files.keep(new, file).await?;
    info!(room.id = %room, file.id = %file.id, "file {} uploaded into room {room}", file.id);
    let now = time::now();
    let url = files.link(&request, file.id, now);
    Ok(Answer(UploadView::of(file, url, &account, now.timestamp_millis())))
}

impl UploadView {
    fn of(file: File, url: String, account: &Account, uploaded_at: i64) -> Self {
        Self {
            name: file.name,
            url,
            size: file.bytes,
            r#type: file.content_type,
            uploaded_at,
            uploaded_by: UploaderView {
                user_id: account.id,
                user_name: account.name.clone(),
                role: "counselor",
            },
        }
    }
}
