//! Sends a request for each step, and tells what came of it, as a row for each step.

use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, Failure, InputPort, Node, OutputPort, Params, Schema, Step, parse_type,
};
use serde::Deserialize;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

#[derive(Deserialize)]
struct Wishes {
    steps: Vec<String>,
}

struct Requests {
    schema: Schema,
    steps: Vec<String>,
}

impl Node for Requests {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        let wishes: Wishes = params.parse()?;
        let schema = Schema::of([parse_type("step", "utf8")?, parse_type("seen", "utf8")?]);
        Ok(Requests { schema, steps: wishes.steps })
    }
    fn bind(&mut self, _inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let port = OutputPort::new("out").made(self.schema.tree(0)).made(self.schema.tree(1));
        Ok(Binding::new().output(port))
    }
    fn process(&mut self, _port: &str, _batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        Ok(Step::nothing())
    }
    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let (mut steps, mut seen) = (TextBuilder::default(), TextBuilder::default());
        for step in &self.steps {
            steps.push(step.as_bytes());
            seen.push(carry_out(step).as_bytes());
        }
        let rows = steps.len() as u32;
        let steps = Column::of(&self.schema.tree(0), &[steps.finish()?])?;
        let seen = Column::of(&self.schema.tree(1), &[seen.finish()?])?;
        Ok(Step::from(Batch::of(&self.schema, rows, &[&steps, &seen])?))
    }
}

/// `hold` before it takes the answer's head and then sleeps, without reading the body.
///
/// `METHOD URL [HEADER: VALUE | BODY]…`, parts after the URL apart by ` | `.
fn carry_out(step: &str) -> String {
    match send(step) {
        Ok(seen) => seen,
        Err(why) => format!("no: {why}"),
    }
}

fn send(step: &str) -> Result<String, String> {
    let mut parts = step.split(" | ");
    let first = parts.next().unwrap_or_default();
    let (holds, first) = first.strip_prefix("hold ").map_or((false, first), |rest| (true, rest));
    let mut words = first.split(' ');
    let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let fields = Fields::new();
    let mut body = None;
    for part in parts {
        match part.split_once(": ") {
            Some((name, value)) => {
                fields.append(name, value.as_bytes()).map_err(|error| format!("header: {error:?}"))?;
            }
            None => body = Some(part),
        }
    }
    let request = OutgoingRequest::new(fields);
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "DELETE" => Method::Delete,
        other => Method::Other(other.to_owned()),
    };
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    request.set_method(&method).map_err(|()| "method")?;
    request.set_scheme(Some(&scheme)).map_err(|()| "scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "authority")?;
    request.set_path_with_query(Some(path)).map_err(|()| "path")?;
    let outgoing = request.body().map_err(|()| "body")?;
    let response = handle(request, None).map_err(|error| format!("{error:?}"))?;
    if let Some(body) = body {
        let stream = outgoing.write().map_err(|()| "stream")?;
        stream.blocking_write_and_flush(body.as_bytes()).map_err(|error| format!("{error:?}"))?;
    }
    OutgoingBody::finish(outgoing, None).map_err(|error| format!("{error:?}"))?;
    response.subscribe().block();
    let response = response.get().ok_or("not ready")?.map_err(|()| "taken")?.map_err(|error| format!("{error:?}"))?;
    let status = response.status();
    let incoming = response.consume().map_err(|()| "consumed")?;
    let stream = incoming.stream().map_err(|()| "stream")?;
    if holds {
        std::thread::sleep(std::time::Duration::from_secs(3600));
    }
    let mut bytes = Vec::new();
    let ended = loop {
        match stream.blocking_read(64 << 10) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => break String::new(),
            Err(error) => break format!(" and then {error:?}"),
        }
    };
    drop(stream);
    drop(IncomingBody::finish(incoming));
    let text =
        if bytes.len() > 200 { format!("{} bytes", bytes.len()) } else { String::from_utf8_lossy(&bytes).into_owned() };
    Ok(format!("{status} {}{ended}", text.trim_end()))
}

jackfield_sdk::export_node!(Requests);
