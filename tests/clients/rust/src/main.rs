//! Connects with each of Rust's clients by the form that a user would paste: see clients.py, which does the same.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use sqlx::postgres::PgPool;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;

mod forms;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

const WORKERS: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);
const INSERT: &str = "INSERT INTO written (id) VALUES ($1)";
const SELECT: &str = "SELECT id FROM written WHERE id LIKE $1";

pub enum Opened {
    Pool(PgPool),
    Connection(tokio_postgres::Client),
}

async fn open(client: &str, label: &str) -> Result<Opened, Failure> {
    forms::pasted(&format!("{client}/{label}")).await
}

async fn write(opened: &Opened, row: &str) -> Result<(), Failure> {
    match opened {
        Opened::Pool(pool) => {
            sqlx::query(INSERT).bind(row).execute(pool).await?;
        }
        Opened::Connection(client) => {
            client.execute(INSERT, &[&row]).await?;
        }
    }
    Ok(())
}

async fn read(opened: &Opened, start: &str) -> Result<Vec<String>, Failure> {
    let like = format!("{start}%");
    Ok(match opened {
        Opened::Pool(pool) => sqlx::query_scalar(SELECT).bind(&like).fetch_all(pool).await?,
        Opened::Connection(client) => {
            let rows = client.query(SELECT, &[&like]).await?;
            rows.iter().map(|row| row.get(0)).collect()
        }
    })
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// With its causes: some say why in these alone.
fn told(failure: &Failure) -> String {
    let mut said = failure.to_string();
    let mut cause = failure.source();
    while let Some(next) = cause {
        said = format!("{said} / {next}");
        cause = next.source();
    }
    said.replace('\n', " ").chars().take(300).collect()
}

async fn check(client: String, label: String, seconds: u64) {
    let begun = Instant::now();
    let row = format!("{client}/check-{}", now());
    let tried = async {
        let opened = open(&client, &label).await?;
        write(&opened, &row).await?;
        let took = begun.elapsed().as_millis();
        let found = read(&opened, &row).await?;
        if found == [row.clone()] { Ok(took) } else { Err(Failure::from(format!("read {found:?}"))) }
    };
    let late = async {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Err(Failure::from(format!("nothing within {seconds} s")))
    };
    let outcome = tokio::select! { it = tried => it, it = late => it };
    let (ok, ms, error) = match &outcome {
        Ok(took) => (true, *took, String::new()),
        Err(failure) => (false, begun.elapsed().as_millis(), told(failure)),
    };
    println!("{}", json!({"client": client, "label": label, "ok": ok, "ms": ms as u64, "error": error}));
}

#[derive(Default)]
struct Seen {
    acks: Vec<u64>,
    rows: HashSet<String>,
    errors: Vec<(u64, u64, String)>,
}

async fn keep_writing(client: String, ended: Arc<AtomicBool>) {
    let start = format!("{client}/run-{}-", now());
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = Arc::new(Mutex::new(None::<Arc<Opened>>));
    let workers = (0..WORKERS).map(|worker| {
        let (client, start) = (client.clone(), start.clone());
        let (seen, shared, ended) = (seen.clone(), shared.clone(), ended.clone());
        tokio::spawn(async move {
            let mut own = None::<Arc<Opened>>;
            let mut turn = 0;
            while !ended.load(Ordering::Relaxed) {
                let begun = now() as u64;
                let row = format!("{start}{worker}-{turn}");
                turn += 1;
                let written = async {
                    if own.is_none() {
                        own = Some(session(&client, &shared).await?);
                    }
                    if let Some(opened) = &own {
                        write(opened, &row).await?;
                    }
                    Ok::<(), Failure>(())
                }
                .await;
                let mut seen = seen.lock().await;
                match written {
                    Ok(()) => {
                        seen.acks.push(now() as u64);
                        seen.rows.insert(row);
                        if seen.acks.len() == 1 {
                            println!("{}", json!({"client": client, "ready": true}));
                        }
                    }
                    Err(failure) => {
                        seen.errors.push((begun, now() as u64, told(&failure)));
                        // A pool replaces its connections by itself.
                        if matches!(own.as_deref(), Some(Opened::Connection(_))) {
                            own = None;
                        }
                    }
                }
                drop(seen);
                tokio::time::sleep(PAUSE).await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        let _ = worker.await;
    }
    let found = match open(&client, "right").await {
        Ok(opened) => read(&opened, &start).await,
        Err(failure) => Err(failure),
    };
    let seen = seen.lock().await;
    let (rows, unread) = match &found {
        Ok(rows) => (rows.clone(), String::new()),
        Err(failure) => (Vec::new(), told(failure)),
    };
    let there: HashSet<&String> = rows.iter().collect();
    let missing: Vec<&String> = match unread.is_empty() {
        true => seen.rows.iter().filter(|row| !there.contains(row)).collect(),
        false => Vec::new(),
    };
    let twice = rows.len() - there.len();
    println!(
        "{}",
        json!({"client": client, "acks": seen.acks, "errors": seen.errors, "missing": missing, "twice": twice, "unread": unread})
    );
}

/// Workers share a pool, and have connections of their own.
async fn session(client: &str, shared: &Mutex<Option<Arc<Opened>>>) -> Result<Arc<Opened>, Failure> {
    if client == "tokio-postgres" {
        return Ok(Arc::new(open(client, "right").await?));
    }
    let mut shared = shared.lock().await;
    match &*shared {
        Some(opened) => Ok(opened.clone()),
        None => {
            let opened = Arc::new(open(client, "right").await?);
            *shared = Some(opened.clone());
            Ok(opened)
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let given: Vec<String> = std::env::args().collect();
    let [_, mode, file] = given.as_slice() else { return Err("clients <check|write> <job.json>".into()) };
    let job: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let mut forms = Vec::new();
    for (client, labels) in job["clients"].as_object().into_iter().flatten() {
        if !["sqlx", "tokio-postgres"].contains(&client.as_str()) {
            continue;
        }
        for (label, _) in labels.as_object().into_iter().flatten() {
            forms.push((client.clone(), label.clone()));
        }
    }
    let ended = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = forms
        .into_iter()
        .map(|(client, label)| match mode.as_str() {
            "check" => tokio::spawn(check(client, label, job["seconds"].as_u64().unwrap_or_default())),
            _ => tokio::spawn(keep_writing(client, ended.clone())),
        })
        .collect();
    if mode == "write" {
        tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
        ended.store(true, Ordering::Relaxed);
    }
    for task in tasks {
        task.await?;
    }
    // Nothing else is to be waited for: a read of stdin would hold the end up.
    std::process::exit(0);
}
