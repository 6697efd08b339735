//! The application: its layers, its state and its routes.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, Error, HttpRequest, HttpResponse};
use admission::{ConcurrencyLimit, Priorities, RateLimits, TrustedHops, admit};
use api::{
    BodyLimits, HeadLimits, Problem, Routes, limit_body_time, limit_head, middleware,
    normalize_path,
};
use auth::Auth;
use clients::ClientBounds;
use database::Db;
use database::idempotency::InFlight;
use files::Files;
use gameplay::history::StoresHistory;
use gameplay::{ListBytes, Saves, StateListener};
use notes::HistoryBounds;
use realtime::{Realtime, Worker};
use rooms::{Directory, EndedRooms, Heartbeats, Joins, Openings};
use settings::Settings;

use crate::bounds::{document_bounds, note_history, upload_limits};
use crate::connection::{manage_connection, restrict_reserve};
use crate::health::ProbeCache;
use crate::lifecycle::Lifecycle;
use crate::live::Live;
use crate::opening::Opened;
use crate::writers::Writers;
use crate::{cors, docs, health, operations, priorities};

/// The state that all workers share.
#[derive(Clone)]
pub struct Shared {
    auth: Data<Auth>,
    files: Data<Files>,
    db: Data<Db>,
    directory: Data<Directory>,
    saves: Data<Saves>,
    state_listener: Data<dyn StateListener>,
    openings: Data<Openings>,
    joins: Data<Joins>,
    heartbeats: Data<Heartbeats>,
    ended_rooms: Data<EndedRooms>,
    realtime: Realtime,
    in_flight: Data<InFlight>,
    bodies: Data<BodyLimits>,
    client_bounds: Data<ClientBounds>,
    note_history: Data<HistoryBounds>,
    list_bytes: Data<ListBytes>,
    stores_history: Data<StoresHistory>,
    limit: Data<ConcurrencyLimit>,
    priorities: Data<Priorities>,
    hops: TrustedHops,
    rates: Data<RateLimits>,
    routes: Data<Routes>,
    settings: Data<Settings>,
    lifecycle: Data<Lifecycle>,
    probe_cache: Data<ProbeCache>,
}

impl Shared {
    /// Builds the state that handlers need.
    pub fn new(
        settings: Settings,
        opened: Opened,
        writers: Writers,
        rates: Data<RateLimits>,
        in_flight: Data<InFlight>,
        live: Live,
        lifecycle: Lifecycle,
    ) -> Self {
        let Opened { auth, files } = opened;
        let document = document_bounds(&settings);
        let time = Duration::from_millis(settings.limits.body_timeout_ms);
        let limits = &settings.limits;
        let head = HeadLimits { url: limits.url_bytes, headers: limits.headers_bytes };
        let upload = upload_limits(&settings);
        let bodies = BodyLimits { ordinary: limits.body_bytes, document, head, upload, time };
        Self {
            db: Data::new(auth.db.clone()),
            state_listener: Data::from(live.state_listener()),
            directory: Data::new(live.directory),
            ended_rooms: Data::new(live.ended_rooms),
            realtime: live.realtime,
            saves: Data::new(writers.saves),
            openings: Data::new(writers.openings),
            joins: Data::new(writers.joins),
            heartbeats: Data::new(writers.heartbeats),
            in_flight,
            files: Data::new(files),
            auth: Data::new(auth),
            bodies: Data::new(bodies),
            client_bounds: Data::new(ClientBounds::of(&settings)),
            note_history: Data::new(note_history(&settings)),
            list_bytes: Data::new(ListBytes(limits.list_bytes)),
            stores_history: Data::new(StoresHistory(settings.history.versions > 0)),
            limit: Data::new(ConcurrencyLimit::new(&settings.admission)),
            priorities: Data::new(priorities::declared()),
            hops: TrustedHops(settings.server.trusted_hops),
            rates,
            routes: Data::new(Routes::of(docs::WRITTEN)),
            settings: Data::new(settings),
            lifecycle: Data::new(lifecycle),
            probe_cache: Data::default(),
        }
    }

    /// The part of realtime on one thread of the server; called on that thread.
    pub fn worker(&self) -> Worker {
        self.realtime.worker()
    }
}

/// Builds the application for one thread of the server and its part of realtime. The last layer is the
/// outermost.
pub fn build(
    shared: Shared,
    worker: Worker,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let with_docs = shared.settings.server.docs;
    let rates = shared.rates.clone();
    let app = App::new()
        .wrap(from_fn(admit))
        .wrap(rates.general.layer())
        .wrap(from_fn(limit_head))
        .wrap(from_fn(restrict_reserve))
        .wrap(from_fn(middleware::catch_panics))
        .wrap(from_fn(middleware::write_errors))
        .wrap(from_fn(|request, next| normalize_path(request, next, &realtime::PATH_ALIASES)))
        .wrap(headers(&shared.settings))
        .wrap(cors::of(&shared.settings.cors))
        // Outside of CORS, which answers preflights itself.
        .wrap(from_fn(limit_body_time))
        .wrap(from_fn(manage_connection))
        .wrap(from_fn(telemetry::watch_waits))
        .wrap(telemetry::request_logger())
        .wrap(from_fn(middleware::assign_request_id))
        .app_data(shared.auth)
        .app_data(shared.files)
        .app_data(shared.db)
        .app_data(shared.directory)
        .app_data(shared.saves)
        .app_data(shared.state_listener)
        .app_data(shared.openings)
        .app_data(shared.joins)
        .app_data(shared.heartbeats)
        .app_data(shared.ended_rooms)
        .app_data(worker)
        .app_data(shared.in_flight)
        .app_data(shared.bodies)
        .app_data(shared.client_bounds)
        .app_data(shared.note_history)
        .app_data(shared.list_bytes)
        .app_data(shared.stores_history)
        .app_data(shared.limit)
        .app_data(shared.priorities)
        .app_data(shared.hops)
        .app_data(shared.rates)
        .app_data(shared.routes)
        .app_data(shared.settings)
        .app_data(shared.lifecycle)
        .app_data(shared.probe_cache);
    // Routes are matched in order, so the most frequent ones come first.
    app.configure(health::configure)
        .configure(gameplay::configure)
        .configure(|routes| guarded(routes, &rates))
        .configure(api)
        .configure(if with_docs { docs::configure } else { |_: &mut _| () })
        .default_service(web::to(no_route))
}

/// The routes that have a limit of their own.
fn guarded(routes: &mut ServiceConfig, rates: &RateLimits) {
    auth::guard(routes, rates);
    clients::guard(routes, rates);
    realtime::guard(routes, rates);
    rooms::guard(routes, rates);
}

/// The rest of the API, crate by crate.
fn api(routes: &mut ServiceConfig) {
    routes
        .configure(rooms::configure)
        .configure(clients::configure)
        .configure(notes::configure)
        .configure(uploads::configure)
        .configure(files::configure)
        .configure(realtime::configure)
        .configure(auth::configure)
        .configure(administration::configure)
        .configure(operations::configure);
}

async fn no_route(request: HttpRequest, routes: Data<Routes>) -> Result<HttpResponse, Problem> {
    Err(routes.refuse(&request))
}

/// The headers of every answer: no answer is a page to be framed, sniffed or cached.
fn headers(settings: &Settings) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("cache-control", "no-store"))
        .add(("content-security-policy", "default-src 'none'; frame-ancestors 'none'"))
        .add(("referrer-policy", "no-referrer"))
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"));
    if settings.profile.is_relaxed() {
        headers
    } else {
        headers.add(("strict-transport-security", "max-age=31536000"))
    }
}
