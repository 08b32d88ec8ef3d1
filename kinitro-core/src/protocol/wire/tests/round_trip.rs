//! Requests and actions come back as they were sent.

use proptest::prelude::*;

use super::*;
use crate::record::receipt::tests::receipt;

const CASES: u32 = 2_000;

fn image(camera: CameraName) -> impl Strategy<Value = Image> {
    (1_u32..5, 1_u32..5)
        .prop_flat_map(|(width, height)| {
            let size = ImageSize::new(width, height).unwrap();
            let rgb = prop::collection::vec(any::<u8>(), size.rgb_len());
            (Just(size), rgb)
        })
        .prop_map(move |(size, rgb)| Image::new(camera, size, rgb).unwrap())
}

fn view() -> impl Strategy<Value = Observation> {
    let images = (
        image(CameraName::Corner),
        image(CameraName::Gripper),
        0_usize..3,
    );
    let proprio = prop::array::uniform4(-1e3_f32..1e3);
    (proprio, images).prop_map(|(proprio, (first, second, count))| Observation {
        proprio,
        images: [first, second].into_iter().take(count).collect(),
    })
}

fn any_action() -> impl Strategy<Value = Action> {
    prop::array::uniform4(-1.0_f32..=1.0).prop_map(action)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn p1_requests(view in view()) {
        let request = p1::ActRequest::new(&view).unwrap();
        let read = p1::ActRequest::read(&bytes(|out| request.write(out))).unwrap();
        prop_assert_eq!(read, request);
    }

    #[test]
    fn p2_requests(view in view()) {
        let request = p2::ActRequest::new(&view, &hand()).unwrap();
        let read = p2::ActRequest::read(&bytes(|out| request.write(out))).unwrap();
        prop_assert_eq!(read, request);
    }

    #[test]
    fn v3_requests(view in view(), step: u32, as_png: bool, with_seed: bool) {
        // The content of a PNG file is the caller's; any bytes must pass.
        let files: Vec<_> = view.images.iter().map(|image| image.rgb().to_vec()).collect();
        let pixels = if as_png { Pixels::Png(&files) } else { Pixels::Raw };
        let seed = with_seed.then(seed);
        let request = v3::ActRequest::new(episode(), step, &view, pixels, seed).unwrap();
        for encoding in [Encoding::Json, Encoding::Msgpack] {
            let body = bytes(|out| request.write(encoding, out));
            prop_assert_eq!(&v3::ActRequest::read(encoding, &body).unwrap(), &request);
        }
    }

    #[test]
    fn actions(now in any_action(), next in prop::collection::vec(any_action(), 0..=8)) {
        for (convention, _) in GripperConvention::NAMES {
            let body = bytes(|out| p1::ActBody::new(&now, convention).write(out));
            prop_assert_eq!(p1::read_act(&body, convention).unwrap().now.action, now);
            for encoding in [Encoding::Json, Encoding::Msgpack] {
                let answer = v3::ActBody::new(&now, &next, convention);
                let body = bytes(|out| answer.write(encoding, out));
                let limit = ChunkLimit::new(8).unwrap();
                let read = v3::read_act(encoding, &body, convention, limit).unwrap();
                prop_assert_eq!(read.now.action, now);
                let read: Vec<_> = read.next.iter().map(|command| command.action).collect();
                prop_assert_eq!(&read, &next);
            }
        }
        let body = bytes(|out| p2::ActBody::new(&now).write(out));
        let read = p2::read_act(&body).unwrap().now.action;
        for (read, sent) in read.as_array().iter().zip(now.as_array()) {
            // Commands below 2⁻²⁹ lose digits on their way through 0 … 1.
            prop_assert!((read - sent).abs() <= f32::EPSILON * f32::EPSILON);
        }
    }

    #[test]
    fn any_finite_numbers_are_an_action(wire in prop::array::uniform4(any::<f64>())) {
        prop_assume!(wire.iter().all(|number| number.is_finite()));
        let body = serde_json::to_vec(&serde_json::json!({ "action": wire })).unwrap();
        let read = p1::read_act(&body, GripperConvention::Simulator).unwrap().now;
        let expected = Action::from_wire(wire).unwrap();
        prop_assert_eq!((read.action, read.clipped), expected);
    }
}

#[test]
fn receipts() {
    let now = action([0.0; 4]);
    for encoding in [Encoding::Json, Encoding::Msgpack] {
        let read = |body: Vec<u8>| v3::read_receipt(encoding, &body, &episode()).unwrap();
        let act = || v3::ActBody::new(&now, &[], GripperConvention::Simulator);
        let close = |receipt| bytes(|out| v3::CloseBody::new(receipt).write(encoding, out));
        assert_eq!(read(close(Some(receipt()))), Some(receipt()));
        assert_eq!(read(close(None)), None);

        let with_receipt = bytes(|out| act().with_receipt(receipt()).write(encoding, out));
        let convention = GripperConvention::Simulator;
        let answer = v3::read_act(encoding, &with_receipt, convention, ChunkLimit::NONE);
        assert_eq!(answer.unwrap().now.action, now);
        assert_eq!(read(with_receipt), Some(receipt()));
        assert_eq!(read(bytes(|out| act().write(encoding, out))), None);
    }
}

#[test]
fn resets_and_closes() {
    let env = env();
    let request = p1::ResetRequest {
        task_config: TaskConfig::new(&env, seed()),
    };
    let read = p1::ResetRequest::read(&bytes(|out| request.write(out))).unwrap();
    assert_eq!(read, request);
    assert_eq!(
        (read.task_config.env(), read.task_config.seed()),
        (&env, seed().value())
    );

    let with_chunks = Task {
        max_chunk: ChunkLimit::new(8).unwrap(),
        prompt: None,
        ..task(&env)
    };
    for task in [task(&env), with_chunks] {
        for encoding in [Encoding::Json, Encoding::Msgpack] {
            let request = v3::ResetRequest::new(episode(), &task).unwrap();
            let read = v3::ResetRequest::read(encoding, &bytes(|out| request.write(encoding, out)));
            let read = read.unwrap();
            assert_eq!(read, request);
            assert_eq!(read.task_config.prompt(), task.prompt);
            assert_eq!(read.task_config.seed(), seed().value());
            assert_eq!(read.task_config.env(), &env);
            let close = v3::CloseRequest::new(episode());
            let read = v3::CloseRequest::read(encoding, &bytes(|out| close.write(encoding, out)));
            assert_eq!(read.unwrap(), close);
        }
    }
    let other_version = br#"{"v":4,"episode_id":"a"}"#;
    assert!(v3::CloseRequest::read(Encoding::Json, other_version).is_err());
}

#[test]
fn servers_refuse_fields_that_p2_does_not_have() {
    let request = text(|out| {
        p2::ActRequest::new(&observation(p2::CAMERAS), &hand())
            .unwrap()
            .write(out);
    });
    let with_seed = request.replacen('{', r#"{"seed":1,"#, 1);
    assert!(p2::ActRequest::read(with_seed.as_bytes()).is_err());
}

#[test]
fn nested_images_must_be_rectangles() {
    for (images, is_image) in [
        ("[[[0,1,2],[3,4,5]]]", true),
        ("[[[0,1,2],[3,4,5]],[[0,1,2]]]", false),
        ("[]", false),
        ("[[]]", false),
        ("[[[0,1,256]]]", false),
        ("[[[0,1]]]", false),
    ] {
        let body = format!(r#"{{"observation":[0,0,0,0],"images":{{"corner":{images}}}}}"#);
        assert_eq!(
            p1::ActRequest::read(body.as_bytes()).is_ok(),
            is_image,
            "{images}"
        );
    }
}
