//! Where a request comes from.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};
use admission::ClientAddress;
use api::Problem;

/// Characters of a program's name that are kept.
const DEVICE_CHARACTERS_MAX: usize = 200;

/// Where a request comes from: an address, and a program as it calls itself.
#[derive(Clone, Debug)]
pub struct Client {
    /// The address.
    pub address: ClientAddress,
    /// The program; text from outside, of 200 characters at most and without control characters.
    pub device: String,
}

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let device = device(request);
        let address = ClientAddress::from_request(request, payload).into_inner();
        ready(address.map(|address| Self { address, device }))
    }
}

fn device(request: &HttpRequest) -> String {
    let header = request.headers().get(USER_AGENT).and_then(|it| it.to_str().ok());
    let characters = header.unwrap_or_default().chars().filter(|it| !it.is_control());
    characters.take(DEVICE_CHARACTERS_MAX).collect()
}
