use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use handstamp_demo::page::{self, CommandLine, PageConfig, Services};
use handstamp_demo::{FrontDoor, PEOPLE, ServiceSetup, SetupError, Subjects, orders, profiles};
use handstamp_store_sqlite::{OpenMode, ShareMode};
use handstamp_verify::token_source::ClientCredentials;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::auth_service::AuthService;
use super::commands::Commands;
use super::control::{self, Levers};
use super::ports::Ports;
use super::{clients, config, host, local_url, people};
use crate::edge::data_folder::DataFolder;
use crate::edge::house::{House, Missing};
use crate::edge::listen;
use crate::edge::store::OpenStore;
use crate::failure::Failure;

/// How long a part may take to become ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long requests that are on their way may take once the demo stops.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// The running system.
pub(super) struct System {
    /// Where its parts are.
    pub(super) places: Places,
    parts: Parts,
    store: OpenStore,
    levers: Levers,
}

/// What the demo is started with.
pub(super) struct Options<'a> {
    /// Where all parts keep their data.
    pub(super) folder: &'a Path,
    /// How long an access token lives, where somebody said so.
    pub(super) token_lifetime: Option<Duration>,
}

/// Where the parts are, as URLs.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) auth: String,
    pub(super) app: String,
    pub(super) orders: String,
    pub(super) profiles: String,
}

/// The tasks, and the word that stops them.
#[derive(Default)]
struct Parts {
    tasks: JoinSet<()>,
    stopping: watch::Sender<bool>,
}

/// What the services need to know of the auth service.
struct Auth {
    store: OpenStore,
    cookie_name: String,
    subjects: Subjects,
    levers: Levers,
    orders: ClientCredentials,
    profiles: ClientCredentials,
}

impl System {
    /// Starts the auth service, the two services and the page, and waits until all of them are ready.
    pub(super) async fn start(ports: Ports, options: &Options<'_>) -> Result<Self, Failure> {
        let places = Places::of(&ports)?;
        let mut running = Parts::default();
        let auth = start_auth(&mut running, ports.auth, &places, options).await?;

        let setup = |name: &str| service_setup(name, &places, &auth, options.folder);
        let failed = |cause: SetupError| Failure::because("a service of the demo cannot start", &cause);
        let router = profiles::router(&setup("profiles")?, auth.profiles.clone()).map_err(failed)?;
        running.serve(ports.profiles, router);
        let router =
            orders::router(&setup("orders")?, &places.profiles, auth.orders.clone()).map_err(failed)?;
        running.serve(ports.orders, router);
        let verifier = setup("page")?.verifier(control::AUDIENCE).map_err(failed)?;
        let control = control::router(auth.levers.clone(), verifier);
        let page = page::router(&page_config(&places, options.folder)).merge(control);
        running.serve(ports.app, host::only_at(&places.app, page));

        ready(&[&places.auth, &places.orders, &places.profiles]).await?;
        Ok(Self { places, parts: running, store: auth.store, levers: auth.levers })
    }

    /// Stops every part in good order.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.levers.let_go().await;
        self.parts.stop().await;
        self.store.close().await
    }
}

impl Places {
    fn of(ports: &Ports) -> Result<Self, Failure> {
        let url = |listener: &TcpListener| listen::address(listener).map(local_url);
        Ok(Self {
            auth: url(&ports.auth)?,
            app: url(&ports.app)?,
            orders: url(&ports.orders)?,
            profiles: url(&ports.profiles)?,
        })
    }
}

impl Parts {
    /// Serves a part until the system stops.
    fn serve(&mut self, listener: TcpListener, router: Router) {
        let stop = self.stopped();
        self.tasks
            .spawn(async move { report(axum::serve(listener, router).with_graceful_shutdown(stop).await) });
    }

    fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.subscribe();
        async move {
            // Without its sender the system is gone, which is reason enough to stop.
            let _ = stopping.wait_for(|stop| *stop).await;
        }
    }

    async fn stop(mut self) {
        self.stopping.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // A browser keeps its connections open: those are cut.
        let _ = tokio::time::timeout(LAST_REQUESTS, ended).await;
        self.tasks.shutdown().await;
    }
}

/// Opens the auth service's data, seats everybody, and starts it.
async fn start_auth(
    parts: &mut Parts,
    listener: TcpListener,
    places: &Places,
    options: &Options<'_>,
) -> Result<Auth, Failure> {
    let config = config::of_auth_service(places, &auth_data(options.folder), options.token_lifetime)?;
    let public_url = config
        .public_url(listen::address(&listener)?)
        .map_err(|cause| Failure::because("the auth service's address cannot be used", &cause))?;
    let house =
        House::open(&config, &public_url, OpenMode::Serve(ShareMode::Exclusive), Missing::Create).await?;
    let subjects = people::move_in(&house.context).await?;
    let orders = clients::register_orders(&house.context, &options.folder.join("orders")).await?;
    let profiles = clients::register_profiles(&house.context, &options.folder.join("profiles")).await?;
    let (store, context) = (house.store(), Arc::new(house.context));
    let service = AuthService::new(Arc::clone(&context), config, public_url, house.root_key);
    let state = service.state()?;
    let cookie_name = state.cookie_names().access.clone();
    let levers = Levers::new(context, service.handle(), &cookie_name);
    let stopping = parts.stopping.subscribe();
    parts.tasks.spawn(async move {
        if let Err(failure) = service.serve(listener, state, stopping).await {
            tracing::error!(%failure, "a part of the demo stopped");
        }
    });
    Ok(Auth { store, cookie_name, subjects, levers, orders, profiles })
}

/// Returns the folder in which the auth service keeps its data, for commands beside it.
pub(super) fn auth_data(folder: &Path) -> PathBuf {
    folder.join("auth")
}

fn service_setup(name: &str, places: &Places, auth: &Auth, folder: &Path) -> Result<ServiceSetup, Failure> {
    let data = folder.join(name);
    DataFolder::open(&data)?;
    Ok(ServiceSetup {
        issuer: places.auth.clone(),
        cookie_name: auth.cookie_name.clone(),
        front_door: FrontDoor::new(&places.app),
        data,
        subjects: auth.subjects.clone(),
    })
}

fn page_config(places: &Places, folder: &Path) -> PageConfig {
    let commands = Commands::new(&auth_data(folder));
    let foreign_orders: BTreeMap<_, _> =
        PEOPLE.iter().map(|person| (person.org_id, orders::first_foreign_to(person.org_id))).collect();
    let services = Services { orders: places.orders.clone(), profiles: places.profiles.clone() };
    let command = CommandLine {
        set_roles: commands.on_data("user set-roles NAME ROLES"),
        set_profile: commands.fed("'{\"name\":\"A new name\"}'", "user set-profile NAME"),
        disable: commands.on_data("user disable NAME"),
        enable: commands.on_data("user enable NAME"),
        revoke: commands.on_data("user revoke NAME"),
    };
    PageConfig { auth: places.auth.clone(), services, people: PEOPLE, foreign_orders, command }
}

fn report(ended: std::io::Result<()>) {
    if let Err(cause) = ended {
        tracing::error!(%cause, "a part of the demo stopped");
    }
}

/// Waits until every service says that it can tell who is calling.
async fn ready(services: &[&String]) -> Result<(), Failure> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .map_err(|cause| Failure::because("cannot ask the services whether they are ready", &cause))?;
    let all = async {
        for service in services {
            let address = format!("{service}/health/ready");
            while !client.get(&address).send().await.is_ok_and(|reply| reply.status().is_success()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.map_err(|_| {
        Failure::new(format!("the demo's services are not ready after {} s", PATIENCE.as_secs()))
    })
}
