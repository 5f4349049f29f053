//! Holds an interview session through the crate `postgrest`.

use std::{fmt, time::Duration};

use postgrest::Postgrest;
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use serde_json::{json, Value};

/// As much of a session as is read here.
#[derive(Debug, Deserialize, Serialize)]
pub struct Session {
    pub session_id: String,
    pub status: String,
    pub fence: i64,
    pub device: Option<String>,
    pub previous_session_id: Option<String>,
    pub expires_at: String,
}

/// How a session ended.
#[derive(Debug, Deserialize, Serialize)]
pub struct Ended {
    pub session_id: String,
    pub end_reason: String,
    pub ended_at: String,
}

/// Options of a start.
#[derive(Default)]
pub struct Options<'a> {
    pub takeover: bool,
    pub device: Option<&'a str>,
    pub interview_id: Option<&'a str>,
}

/// The database refused the call; the message can be shown to the user.
#[derive(Debug, Serialize)]
pub struct Refusal {
    pub code: String,
    pub message: String,
    pub hint: String,
    pub details: Value,
}

/// Why a call has no row.
#[derive(Debug)]
pub enum Error {
    Refused(Refusal),
    /// Another answer than the functions give, such as a gateway's.
    Unexpected(u16, String),
    Unanswered(reqwest::Error),
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Error::Unanswered(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Refused(refusal) => write!(f, "{}: {}", refusal.code, refusal.message),
            Error::Unexpected(status, text) => write!(f, "{status}: {text}"),
            Error::Unanswered(error) => error.fmt(f),
        }
    }
}

/// Calls the functions for one user.
pub struct Client {
    rest: Postgrest,
    token: Option<String>,
}

impl Client {
    /// Without a token nobody is signed in.
    pub fn new(url: &str, key: &str, token: Option<String>) -> Self {
        let rest = Postgrest::new(format!("{url}/rest/v1")).insert_header("apikey", key);
        Client { rest, token }
    }

    async fn call<T: DeserializeOwned>(&self, function: &str, args: Value) -> Result<T, Error> {
        let mut call = self.rest.rpc(function, args.to_string());
        if let Some(token) = &self.token {
            call = call.auth(token);
        }
        // execute() waits for ever
        let timeout = Duration::from_secs(8);
        let answer = call.build().timeout(timeout).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() {
            serde_json::from_str(&text).map_err(|_| Error::Unexpected(status.as_u16(), text))
        } else {
            Err(failure(status.as_u16(), text))
        }
    }

    /// After no answer, the same id again returns the same session.
    pub async fn start(&self, id: &str, o: Options<'_>) -> Result<Session, Error> {
        let args = json!({
            "session_id": id,
            "takeover": o.takeover,
            "device": o.device,
            "interview_id": o.interview_id,
        });
        self.call("start_session", args).await
    }

    pub async fn heartbeat(&self, id: &str) -> Result<Session, Error> {
        self.call("heartbeat_session", json!({ "session_id": id }))
            .await
    }

    /// Sends heartbeats until one is refused, and returns that refusal.
    pub async fn keep(&self, id: &str, every: Duration) -> Refusal {
        loop {
            // after any other error the session may be live
            if let Err(Error::Refused(refusal)) = self.heartbeat(id).await {
                return refusal;
            }
            tokio::time::sleep(every).await;
        }
    }

    pub async fn complete(&self, id: &str) -> Result<Session, Error> {
        self.call("complete_session", json!({ "session_id": id }))
            .await
    }

    /// How the session ended; none if there was no such session.
    pub async fn end(&self, id: &str) -> Result<Option<Ended>, Error> {
        let rows: Vec<Ended> = self
            .call("end_session", json!({ "session_id": id }))
            .await?;
        Ok(rows.into_iter().next())
    }
}

fn failure(status: u16, text: String) -> Error {
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let field = |name: &str| body[name].as_str().unwrap_or_default().to_string();
    let code = field("code");
    if !["PT401", "PT409", "PT410", "22023"].contains(&code.as_str()) {
        return Error::Unexpected(status, text);
    }
    Error::Refused(Refusal {
        code,
        message: field("message"),
        hint: field("hint"),
        // JSON in a string; PT401 has none
        details: serde_json::from_str(&field("details")).unwrap_or_default(),
    })
}
