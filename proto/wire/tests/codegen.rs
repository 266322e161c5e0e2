//! The generated code is committed, so that a build needs no protobuf compiler. This test makes it anew and fails when it differs.
//! `make fix` (which sets `VS_FIX=1`) writes it instead.

use std::{fs, path::Path};

#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let protos = ["admin", "common", "fault", "meta", "peer", "upload"].map(|name| format!("vs/v1/{name}.proto"));
    let descriptors = protox::compile(&protos, [root.join("..")]).expect("the .proto files compile");
    let fresh = tempfile::tempdir().expect("a scratch folder");
    tonic_prost_build::configure()
        .bytes(".vs.v1.AppendRequest.data")
        .bytes(".vs.v1.Kept.kept")
        .build_transport(true)
        .file_descriptor_set_path(fresh.path().join("vs.v1.bin"))
        .out_dir(fresh.path())
        .compile_fds(descriptors.clone())
        .expect("code is generated");
    fs::write(fresh.path().join("vs.v1.bin"), prost::Message::encode_to_vec(&descriptors)).expect("written");

    for name in ["vs.v1.rs", "vs.v1.bin"] {
        let made = fs::read(fresh.path().join(name)).expect("the generator wrote it");
        let kept = root.join("src/generated").join(name);
        if std::env::var_os("VS_FIX").is_some() {
            fs::write(&kept, made).expect("written");
        } else {
            assert!(fs::read(&kept).ok() == Some(made), "{name} is stale: run `make fix`");
        }
    }
}
