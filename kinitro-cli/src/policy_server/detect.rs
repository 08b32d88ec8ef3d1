//! Finding out which protocol a server speaks that does not say.
//!
//! Outside of any episode and of any measured time: a reset, one P2 act request, and a reset again so that no policy
//! begins its first episode with a step behind it. A server is taken for P2 only if it answers that request as P2, otherwise for P1;
//! one that does not answer it at all is asked once more.

use hyper::body::Bytes;
use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::{Image, Observation};
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::protocol::wire::signed::Operation;
use kinitro_core::protocol::wire::{Encoding, ImageEncoding, Offer, Protocol, TaskConfig, p1, p2};
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::{ImageSize, QuatXyzw};

use super::dialect::accepted;
use super::transport::{Answer, Lane, Message};
use super::{Fault, Rules};

/// An environment whose name every server knows.
const ENV: &str = "metaworld/reach-v3";

/// The older protocol that a server speaks.
///
/// # Errors
/// That of a reset request, which both have, at its second attempt.
pub(super) async fn protocol(lane: &mut Lane, rules: &Rules) -> Result<Protocol, Fault> {
    let mut result = probe(lane, rules).await?;
    // No answer at all says nothing about the protocol.
    if let Err(Fault::Timeout { .. } | Fault::Lost { .. }) = result {
        result = probe(lane, rules).await?;
    }
    let is_p2 =
        result.is_ok_and(|answer| accepted(&answer).is_ok_and(|body| p2::read_act(body).is_ok()));
    reset(lane, rules).await?;
    Ok(if is_p2 { Protocol::P2 } else { Protocol::P1 })
}

/// What a P2 act request is answered after a reset.
async fn probe(lane: &mut Lane, rules: &Rules) -> Result<Result<Answer, Fault>, Fault> {
    reset(lane, rules).await?;
    let exchange = lane
        .call(&act(rules.image_size), rules.deadlines.reset)
        .await;
    Ok(exchange.result)
}

/// The only way in which the older protocols are spoken.
pub(super) const fn offer(protocol: Protocol) -> Offer {
    Offer {
        protocol,
        encoding: Encoding::Json,
        image: ImageEncoding::Raw,
    }
}

async fn reset(lane: &mut Lane, rules: &Rules) -> Result<(), Fault> {
    match reset_once(lane, rules).await {
        Ok(()) => Ok(()),
        Err(_) => reset_once(lane, rules).await,
    }
}

async fn reset_once(lane: &mut Lane, rules: &Rules) -> Result<(), Fault> {
    let env: EnvId = ENV.parse().expect("a well-formed constant");
    let key = EpisodeKey::derive(&CycleSeed::from_local_seed(0), &env, EpisodeIndex(0));
    let seed = MinerKey::derive(&key, None).policy_seed();
    let mut body = Vec::new();
    let task_config = TaskConfig::new(&env, seed);
    p1::ResetRequest { task_config }.write(&mut body);
    let exchange = lane
        .call(&post(Operation::Reset, body), rules.deadlines.reset)
        .await;
    p1::read_reset(accepted(&exchange.result?)?).map_err(|source| Fault::Answer { source })
}

/// A P2 request as in an episode: a hand above a table, and two images of full size that are not of one color.
fn act(size: ImageSize) -> Message {
    let images = p2::CAMERAS.map(|camera| {
        let shade = |byte: usize| u8::try_from(byte % 251).expect("below 251");
        let rgb = (0..size.rgb_len()).map(shade).collect();
        Image::new(camera, size, rgb).expect("as many bytes as the size wants")
    });
    let observation = Observation {
        proprio: [0.0, 0.6, 0.2, 1.0],
        images: images.into(),
    };
    let hand = HandState {
        // Pointing down.
        orientation: QuatXyzw([0.0, 1.0, 0.0, 0.0]),
        linear_velocity: [0.0; 3],
        angular_velocity: [0.0; 3],
    };
    let request = p2::ActRequest::new(&observation, &hand).expect("finite numbers, two cameras");
    let mut body = Vec::new();
    request.write(&mut body);
    post(Operation::Act, body)
}

fn post(operation: Operation, body: Vec<u8>) -> Message {
    Message {
        operation,
        body: Bytes::from(body),
        encoding: Encoding::Json,
        tags: None,
    }
}
