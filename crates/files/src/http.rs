//! Files over HTTP.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, Charset, ContentDisposition,
    DispositionParam, DispositionType, ETAG, ExtendedValue, IF_NONE_MATCH,
};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use admission::own_origin;
use api::{ErrorBody, Input, InputErrors, OverloadErrors, Path, Problem, Query};
use chrono::{DateTime, Utc};
use ids::FileId;
use tracing::error;
use utoipa::IntoParams;
use values::{Fields, FromFields, Integer, Text, time};

use crate::context::Files;
use crate::error::FileError;
use crate::file::{File, PDF};
use crate::store;

api::routes! { get_file }

/// The last second of the year 9999.
const EXPIRES_MAX: i64 = 253_402_300_799;

/// A browser keeps a file for a day. Its link leads to the same bytes for ever.
const CACHED: &str = "private, max-age=86400, immutable";

/// What was uploaded is not a page of ours: it runs no scripts and sends no forms.
const SANDBOX: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

impl Files {
    /// A link to a file, good for `files.link_days` and up to a day more. It begins with `files.public_url`,
    /// or else with the host that the request was sent to.
    pub fn link(&self, request: &HttpRequest, file: FileId, now: DateTime<Utc>) -> String {
        let base = self.links.public_url().or_else(|| own_origin(request));
        format!("{}{}", base.unwrap_or_default(), self.links.path(file, now))
    }
}

/// The end and the signature of a link.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkQuery {
    /// When the link ends, in seconds since 1970.
    #[param(value_type = i64, minimum = 0, maximum = 253_402_300_799_i64)]
    expires: Integer<0, EXPIRES_MAX>,
    /// Its signature.
    #[param(value_type = String, max_length = 128)]
    signature: Text<0, 128>,
}

impl FromFields for LinkQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (expires, signature) = (fields.field("expires"), fields.field("signature"));
        Some(Self { expires: expires?, signature: signature? })
    }
}

// It has a name because utoipa takes a `Path` inside a tuple for a parameter.
/// A link: the file, and what authorizes the request.
type LinkParts = (Path<FileId>, Query<LinkQuery>);

/// Get a file
///
/// For everyone who has its link, which the answer to the upload names. Pictures are shown, PDF documents are
/// offered for saving.
#[utoipa::path(tag = "files", params(Path<FileId>, LinkQuery), responses(
    InputErrors, OverloadErrors,
    (status = 200, description = "The file", content(
        (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "application/pdf"),
    )),
    (status = 304, description = "The file is the one of `If-None-Match`"),
    (status = 403, description = "The link is not valid, or has expired", body = ErrorBody),
    (status = 404, description = "The file was deleted", body = ErrorBody),
))]
#[get("/files/{file_id}")]
pub(crate) async fn get_file(
    request: HttpRequest,
    files: Data<Files>,
    Input(parts): Input<LinkParts>,
) -> Result<HttpResponse, Problem> {
    let (Path(id), Query(link)) = parts;
    // Before the database is asked.
    files.links.check(id, link.expires.0, &link.signature, time::now())?;
    let row = files.db.read_one(store::stored_file(id)).await?;
    let (file, key) = row.ok_or(FileError::NoSuchFile)?.into_file();
    let tag = format!("\"{id}\"");
    let known = request.headers().get(IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|it| it.trim() == tag)) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, CACHED))
            .finish());
    }
    let objects = files.objects.as_ref().ok_or(FileError::Disabled)?;
    let Some(bytes) = objects.read(&key).await.map_err(FileError::from)? else {
        error!(file.id = %id, "the file {id} is in the database and not in the store");
        return Err(FileError::NoSuchFile.into());
    };
    let length = u64::try_from(file.bytes).unwrap_or_default();
    Ok(HttpResponse::Ok()
        .content_type(file.content_type.as_str())
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, CACHED))
        .insert_header((CONTENT_SECURITY_POLICY, SANDBOX))
        .insert_header((CONTENT_DISPOSITION, disposition(&file)))
        .no_chunking(length)
        .streaming(bytes))
}

/// A picture is shown; a document, which may have scripts of its own, is saved.
fn disposition(file: &File) -> ContentDisposition {
    let is_document = file.content_type == PDF;
    let name = DispositionParam::FilenameExt(ExtendedValue {
        charset: Charset::Ext("UTF-8".into()),
        language_tag: None,
        value: file.name.clone().into_bytes(),
    });
    ContentDisposition {
        disposition: if is_document {
            DispositionType::Attachment
        } else {
            DispositionType::Inline
        },
        parameters: vec![name],
    }
}
