//! Plays the story and prints a line of JSON for each step.

mod sessions;

use std::{env, time::Duration};

use serde::Serialize;
use serde_json::{json, Value};
use sessions::{Client, Error, Options, Refusal};

const INTERVIEW: Option<&str> = Some("attempt-1");

fn variable(name: &str) -> String {
    env::var(name).expect(name)
}

fn tell<T: Serialize>(step: &str, answer: Result<T, Error>) {
    let line = match answer {
        Ok(row) => json!({ "step": step, "row": row }),
        Err(Error::Refused(refusal)) => json!({ "step": step, "refusal": refusal }),
        Err(error) => json!({ "step": step, "trouble": error.to_string() }),
    };
    println!("{line}");
}

async fn sign_in() -> Client {
    let (url, key) = (variable("URL"), variable("KEY"));
    let credentials = json!({ "email": variable("EMAIL"), "password": variable("PASSWORD") });
    let answer: Value = reqwest::Client::new()
        .post(format!("{url}/auth/v1/token?grant_type=password"))
        .header("apikey", &key)
        .json(&credentials)
        .send()
        .await
        .and_then(|answer| answer.error_for_status())
        .expect("sign in")
        .json()
        .await
        .expect("a session");
    let token = answer["access_token"].as_str().map(str::to_string);
    Client::new(&url, &key, token)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let nobody = Client::new(&variable("URL"), &variable("KEY"), None);
    tell(
        "signed out",
        nobody.start("phone", Options::default()).await,
    );

    let (phone, laptop) = (sign_in().await, sign_in().await);
    tell("bad argument", phone.start("", Options::default()).await);
    let o = Options {
        device: Some("Phone"),
        interview_id: INTERVIEW,
        ..Options::default()
    };
    tell("start", phone.start("phone", o).await);
    tell("heartbeat", phone.heartbeat("phone").await);
    let o = Options {
        device: Some("Laptop"),
        ..Options::default()
    };
    tell("refused", laptop.start("laptop", o).await);

    let (lost, _): (Refusal, ()) =
        tokio::join!(phone.keep("phone", Duration::from_millis(50)), async {
            for step in ["no answer", "retry"] {
                let device = Some("Laptop");
                let o = Options {
                    takeover: true,
                    device,
                    interview_id: INTERVIEW,
                };
                tell(step, laptop.start("laptop", o).await);
            }
        },);
    tell::<()>("lost", Err(Error::Refused(lost)));
    tell("end of the lost", phone.end("phone").await);

    tell("error page", laptop.heartbeat("laptop").await);
    tell("complete", laptop.complete("laptop").await);
    tell("end", laptop.end("laptop").await);
    tell("unknown", laptop.end("never").await);
    let o = Options {
        interview_id: INTERVIEW,
        ..Options::default()
    };
    tell("submitted", phone.start("again", o).await);
    tell(
        "deleted user",
        phone.start("late", Options::default()).await,
    );
}
