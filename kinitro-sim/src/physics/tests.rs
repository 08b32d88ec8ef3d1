//! Behavior of [`Physics`] on a model of a few lines.

use std::f64::consts::{FRAC_PI_2, PI};
use std::path::PathBuf;

use mujoco_rs::mujoco_c::mj_stackAllocByte;

use super::*;

/// A box that falls on a plane, and a pendulum on a fixed stand with a marked tip.
const MODEL: &str = r#"
<mujoco>
  <option cone="elliptic"/>
  <worldbody>
    <geom name="floor" type="plane" size="1 1 0.1" friction="0.9 0.01 0.002"/>
    <site name="mark" pos="0.1 0.2 0.3"/>
    <body name="crate" pos="0 0 0.12">
      <freejoint name="free"/>
      <geom name="crate" type="box" size="0.05 0.05 0.05" mass="0.4" rgba="0.2 0.4 0.6 1"/>
    </body>
    <body name="stand" pos="0.5 0 0.5">
      <body name="arm">
        <joint name="hinge" type="hinge" axis="0 1 0" damping="0.05"/>
        <geom name="arm" type="capsule" fromto="0 0 0 0.3 0 0" size="0.02" mass="0.2"/>
      </body>
    </body>
  </worldbody>
</mujoco>"#;

fn load(xml: &str) -> Result<Physics, Error> {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let file = dir.path().join("model.xml");
    std::fs::write(&file, xml).expect("the folder is writable");
    Physics::load(&file)
}

fn model() -> Physics {
    load(MODEL).expect("the model is valid")
}

/// Bits of the state after some steps from the present one.
fn trajectory(physics: &mut Physics) -> Vec<u64> {
    let mut bits = Vec::new();
    for _ in 0..20 {
        physics.step(10);
        bits.extend(
            physics
                .qpos()
                .iter()
                .chain(physics.qvel())
                .map(|number| number.to_bits()),
        );
    }
    bits
}

#[test]
fn names_lead_to_what_they_name_and_nothing_else() {
    let mut physics = model();
    physics.forward();
    let mark = physics.site("mark").unwrap();
    assert_eq!(physics.site_position(mark), [0.1, 0.2, 0.3]);
    let hinge = physics.joint("hinge").unwrap();
    assert_eq!(
        (
            physics.joint_qpos_address(hinge),
            physics.joint_dof_address(hinge)
        ),
        (7, 6)
    );
    assert_eq!(physics.geoms().count(), 3);

    for name in ["", "hinge", "mark\0", "nobody"] {
        let error = physics.body(name).expect_err("no body has that name");
        assert_eq!(
            error.to_string(),
            format!("the model has no body named `{name}`")
        );
    }
}

#[test]
fn a_subtree_is_a_body_with_all_that_hangs_on_it() {
    let physics = model();
    let [crate_body, stand, arm] =
        ["crate", "stand", "arm"].map(|name| physics.body(name).unwrap());
    let parts = |body| physics.subtree(body).collect::<Vec<_>>();
    assert_eq!(
        [parts(crate_body), parts(stand), parts(arm)],
        [vec![crate_body], vec![stand, arm], vec![arm]]
    );
}

#[test]
fn a_refused_model_says_which_and_why() {
    let error = load("<mujoco><nonsense/></mujoco>").expect_err("not a model");
    assert!(
        error.to_string().starts_with("cannot compile model `"),
        "{error}"
    );
    let cause = std::error::Error::source(&error)
        .expect("MuJoCo gives a reason")
        .to_string();
    assert!(cause.contains("nonsense"), "{cause}");

    let missing = Physics::load(&PathBuf::from("/nowhere/model.xml")).expect_err("no such file");
    assert_eq!(
        missing.to_string(),
        "cannot compile model `/nowhere/model.xml`"
    );
}

#[test]
fn a_duplicate_goes_on_like_a_newly_loaded_model_whatever_the_original_did() {
    let mut used = model();
    used.scale_friction(1.7);
    let crate_body = used.body("crate").unwrap();
    used.scale_body_mass(crate_body, 3.0);
    used.set_constants();
    used.reset_data();
    used.step(150);
    let state = used.snapshot();
    let mut copy = used.duplicate().unwrap();
    assert_eq!(copy.snapshot(), model().snapshot());
    assert_eq!(
        copy.body_position(crate_body),
        model().body_position(crate_body)
    );
    assert_eq!(copy.body_mass(crate_body), model().body_mass(crate_body));
    assert_eq!(trajectory(&mut copy), trajectory(&mut model()));
    assert_eq!(used.snapshot(), state, "the original is left alone");
}

/// The engine's integrator moves positions by the velocities after a step, so over one step of length h the two differ by what
/// the motion's own curvature adds: h/2 times the acceleration of the frame. At 2 ms and below 60 m/s² that is 0.06 m/s.
#[test]
fn velocities_are_differences_of_poses() {
    const TOLERANCE: f64 = 0.06;
    let mut physics = model();
    // Thrown and spinning about a slanted axis.
    physics.set_qvel(0, &[0.5, -0.3, 1.0, 2.0, -1.0, 3.0]);
    let bodies = ["crate", "arm"].map(|name| physics.body(name).unwrap());
    physics.step(5);
    physics.forward_kinematics();
    let mut fastest: f64 = 0.0;
    for _ in 0..100 {
        let before =
            bodies.map(|body| (physics.body_position(body), physics.body_quaternion(body)));
        let (start, state) = (physics.time(), physics.snapshot());
        physics.step(1);
        physics.forward_kinematics();
        let h = physics.time() - start;
        for (body, (position, quaternion)) in bodies.into_iter().zip(before) {
            let Velocity { linear, angular } = physics.body_velocity(body);
            let turned = turn(quaternion, physics.body_quaternion(body));
            for axis in 0..3 {
                let moved = physics.body_position(body)[axis] - position[axis];
                assert!((linear[axis] - moved / h).abs() < TOLERANCE, "{linear:?}");
                assert!(
                    (angular[axis] - turned[axis] / h).abs() < TOLERANCE,
                    "{angular:?}"
                );
                fastest = fastest.max(angular[axis].abs());
            }
        }
        assert_ne!(physics.snapshot(), state);
    }
    assert!(fastest > 2.0, "{fastest}");
    // Asking changes nothing.
    let state = physics.snapshot();
    physics.body_velocity(bodies[0]);
    assert_eq!(physics.snapshot(), state);
}

/// The small rotation from one orientation `(w, x, y, z)` to another, as a vector in the world frame.
fn turn(from: [f64; 4], to: [f64; 4]) -> [f64; 3] {
    let ([fw, fx, fy, fz], [tw, tx, ty, tz]) = (from, to);
    // The imaginary part of `to × conjugate(from)`, twice.
    [
        2.0 * (fw * tx - tw * fx - ty * fz + tz * fy),
        2.0 * (fw * ty - tw * fy - tz * fx + tx * fz),
        2.0 * (fw * tz - tw * fz - tx * fy + ty * fx),
    ]
}

#[test]
fn a_restored_snapshot_goes_on_to_the_bit() {
    let mut physics = model();
    physics.step(150);
    let snapshot = physics.snapshot();
    let first = trajectory(&mut physics);
    physics.restore(&snapshot).unwrap();
    assert_eq!(trajectory(&mut physics), first);

    let mut other = model();
    other.restore(&snapshot).unwrap();
    assert_eq!(trajectory(&mut other), first);

    let mut smaller = load("<mujoco/>").unwrap();
    assert!(matches!(
        smaller.restore(&snapshot),
        Err(Error::ForeignSnapshot { .. })
    ));
}

#[test]
fn every_changed_field_goes_back_to_its_compiled_value() {
    let untouched = trajectory(&mut model());
    let mut physics = model();
    let (body, stand) = (
        physics.body("crate").unwrap(),
        physics.body("stand").unwrap(),
    );
    let (geom, hinge) = (
        physics.geom("crate").unwrap(),
        physics.joint("hinge").unwrap(),
    );
    let mark = physics.site("mark").unwrap();
    let fields = |physics: &Physics| {
        (
            (physics.friction(geom), physics.geom_color(geom)),
            (physics.gravity(), physics.contact_time(geom)),
        )
    };
    let compiled = fields(&physics);

    for _ in 0..3 {
        physics.set_friction(geom, [0.1, 0.0, 0.0]);
        physics.set_dof_damping(hinge, 0.5);
        physics.scale_body_mass(body, 1.5);
        assert!(
            (physics.body_mass(body) - 0.6).abs() < 1e-12,
            "factors do not add up"
        );
        physics.set_model_body_position(stand, [0.4, 0.1, 0.6]);
        physics.set_model_site_position(mark, [0.0; 3]);
        physics.set_geom_color(geom, [1.0, 0.0, 0.0, 1.0]);
        physics.tilt_gravity(0.1, 0.2);
        physics.scale_contact_time(1.1);
        physics.set_constants();
        physics.reset_data();
        assert_ne!(trajectory(&mut physics), untouched);

        physics.restore_pristine();
        physics.reset_data();
        assert_eq!(trajectory(&mut physics), untouched);
        assert_eq!(fields(&physics), compiled);
        assert_eq!(physics.model_site_position(mark), [0.1, 0.2, 0.3]);
    }
}

/// Each of these alone changes where things go, and only as long as it lasts.
#[test]
fn gravity_and_contacts_can_be_varied() {
    let vary: [fn(&mut Physics); 2] = [
        |physics| physics.tilt_gravity(0.01, 0.3),
        |physics| physics.scale_contact_time(1.1),
    ];
    let untouched = trajectory(&mut model());
    for vary in vary {
        let mut physics = model();
        vary(&mut physics);
        assert_ne!(trajectory(&mut physics), untouched);
        let mut copy = physics.duplicate().unwrap();
        assert_eq!(trajectory(&mut copy), untouched);
        physics.restore_pristine();
        physics.reset_data();
        assert_eq!(trajectory(&mut physics), untouched);
    }
}

/// A frictionless crate slides where gravity is tilted to, with the share of gravity that the tilt gives it.
#[test]
fn tilted_gravity_pulls_toward_its_azimuth() {
    let mut physics = model();
    physics.tilt_gravity(0.02, std::f64::consts::FRAC_PI_2);
    let [x, y, z] = physics.gravity();
    assert!(x.abs() < 1e-12, "{x}");
    assert!((y - 9.81 * 0.02).abs() < 1e-4, "{y}");
    assert!((z + 9.81).abs() < 0.01, "{z}");
    for geom in physics.geoms().collect::<Vec<_>>() {
        physics.set_friction(geom, [0.0; 3]);
    }
    physics.step(500);
    let crate_body = physics.body("crate").unwrap();
    let [x, y, _] = physics.body_position(crate_body);
    let expected = y_after(9.81 * 0.02, physics.time());
    assert!(x.abs() < 1e-3, "{x}");
    assert!((y - expected).abs() < 0.1 * expected, "{y} {expected}");
}

fn y_after(acceleration: f64, time: f64) -> f64 {
    acceleration * time * time / 2.0
}

#[test]
fn poses_alone_equal_those_of_a_full_pass_and_leave_the_course_alone() {
    let (mut full, mut poses) = (model(), model());
    let arm = full.body("arm").unwrap();
    for _ in 0..50 {
        full.step(5);
        full.forward();
        poses.step(5);
        poses.forward_kinematics();
        assert_eq!(full.body_rotation(arm), poses.body_rotation(arm));
        assert_eq!(full.qpos(), poses.qpos());
    }
}

#[test]
fn resting_weight_is_a_contact_force() {
    let mut physics = model();
    let (floor, geom) = (
        physics.geom("floor").unwrap(),
        physics.geom("crate").unwrap(),
    );
    assert_eq!(physics.first_row_contact_force(floor, geom), 0.0);
    assert_eq!(physics.contacts().count(), 0);
    physics.step(1000);
    physics.forward();
    // A box stands on its four corners, pressed in a little.
    let contacts: Vec<_> = physics.contacts().collect();
    assert_eq!(contacts.len(), 4);
    for contact in contacts {
        assert_eq!(contact.geoms, [floor, geom]);
        assert!((0.0..1e-3).contains(&contact.depth), "{}", contact.depth);
    }
    let [stand, crate_body] = ["stand", "crate"].map(|name| physics.body(name).unwrap());
    assert_eq!(physics.root_of_geom(physics.geom("arm").unwrap()), stand);
    assert_eq!(physics.root_of_geom(geom), crate_body);
    assert_eq!(physics.body_name_of(floor), "world");
    assert_eq!(physics.body_name_of(geom), "crate");
    let force = physics.first_row_contact_force(geom, floor);
    assert!((force - 0.4 * 9.81).abs() < 1e-3, "{force}");
    assert_eq!(
        physics.first_row_contact_force(floor, physics.geom("arm").unwrap()),
        0.0
    );
}

#[test]
fn a_state_that_is_no_number_is_noticed() {
    let mut physics = model();
    physics.step(1);
    assert!(!physics.warnings().diverged());
    physics.set_qvel(0, &[f64::NAN]);
    physics.step(1);
    assert!(physics.warnings().diverged());
    physics.reset_data();
    assert!(!physics.warnings().diverged());
}

#[test]
fn loading_leaves_the_locale_of_the_thread_as_it_was() {
    // SAFETY: a null argument only asks which locale is in use.
    let locale = || unsafe { libc::uselocale(std::ptr::null_mut()) };
    let before = locale();
    model();
    assert_eq!(locale(), before);
}

#[test]
fn an_engine_error_is_kept_until_it_is_asked_for_and_then_forgotten() {
    let mut physics = model();
    let expected = trajectory(&mut model());
    // More stack than the arena has, which MuJoCo answers with `mju_error`.
    physics.drive(|data| {
        // SAFETY: the state is valid, and nothing is written to what is returned.
        unsafe { mj_stackAllocByte(data.ffi_mut(), 1 << 50, 8) };
    });
    physics.step(10);
    assert_eq!(
        physics.time(),
        0.0,
        "nothing may be simulated after an error"
    );
    let error = physics.check().expect_err("the error must not get lost");
    assert!(error.to_string().contains("stack overflow"), "{error}");

    assert!(physics.check().is_ok());
    assert_eq!(trajectory(&mut physics), expected);
    assert!(!std::path::Path::new("MUJOCO_LOG.TXT").exists());
}

#[test]
fn a_subtree_is_a_body_with_all_that_hang_on_it() {
    let physics = model();
    let names = |root| {
        let root = physics.body(root).unwrap();
        physics.subtree(root).collect::<Vec<_>>()
    };
    let body = |name| physics.body(name).unwrap();
    assert_eq!(names("crate"), [body("crate")]);
    assert_eq!(names("stand"), [body("stand"), body("arm")]);
    assert_eq!(names("world"), physics.bodies().collect::<Vec<_>>());
}

#[test]
fn a_hinge_has_the_cosine_and_sine_of_its_angle() {
    let mut physics = model();
    let hinge = physics.joint("hinge").unwrap();
    let address = physics.joint_qpos_address(hinge);
    for (angle, cosine, sine) in [(0.0, 1.0, 0.0), (FRAC_PI_2, 0.0, 1.0), (-PI, -1.0, 0.0)] {
        physics.set_qpos(address, &[angle]);
        let [c, s] = physics.hinge_cos_sin(hinge);
        assert!(
            (c - cosine).abs() < 1e-15 && (s - sine).abs() < 1e-15,
            "{angle}: {c}, {s}"
        );
    }
}
