//! What `wit-bindgen` makes of `wit/`: the host's interfaces once, and each kind of plugin on top of them, so that one
//! component may be of several kinds and exports only those it names.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub, unsafe_code, clippy::all)]

/// The host's interfaces.
pub mod host {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package jackfield:sdk;
            world host {
                import jackfield:plugin/types@0.1.0;
                import jackfield:plugin/flow@0.1.0;
                import jackfield:plugin/log@0.1.0;
                import jackfield:plugin/config@0.1.0;
                import jackfield:plugin/data@0.1.0;
                import jackfield:plugin/compute@0.1.0;
                import jackfield:plugin/sql@0.1.0;
                import jackfield:plugin/exchange@0.1.0;
                import jackfield:plugin/streams@0.1.0;
                import jackfield:plugin/checksums@0.1.0;
            }
        ",
        world: "jackfield:sdk/host",
        generate_all,
    });
}

/// The exports of a plugin with nodes.
pub mod node {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package jackfield:sdk; world node { export jackfield:plugin/node@0.1.0; }",
        world: "jackfield:sdk/node",
        with: {
            "jackfield:plugin/types@0.1.0": crate::bindings::host::jackfield::plugin::types,
            "jackfield:plugin/data@0.1.0": crate::bindings::host::jackfield::plugin::data,
            "jackfield:plugin/flow@0.1.0": crate::bindings::host::jackfield::plugin::flow,
            "jackfield:plugin/node@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "jackfield_sdk::bindings::node",
    });
}

/// The exports of a plugin with file formats.
pub mod format {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package jackfield:sdk; world format { export jackfield:plugin/format@0.1.0; }",
        world: "jackfield:sdk/format",
        with: {
            "jackfield:plugin/types@0.1.0": crate::bindings::host::jackfield::plugin::types,
            "jackfield:plugin/data@0.1.0": crate::bindings::host::jackfield::plugin::data,
            "jackfield:plugin/flow@0.1.0": crate::bindings::host::jackfield::plugin::flow,
            "jackfield:plugin/streams@0.1.0": crate::bindings::host::jackfield::plugin::streams,
            "jackfield:plugin/format@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "jackfield_sdk::bindings::format",
    });
}

/// The exports of a plugin with codecs.
pub mod codec {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package jackfield:sdk; world codec { export jackfield:plugin/codec@0.1.0; }",
        world: "jackfield:sdk/codec",
        with: {
            "jackfield:plugin/types@0.1.0": crate::bindings::host::jackfield::plugin::types,
            "jackfield:plugin/streams@0.1.0": crate::bindings::host::jackfield::plugin::streams,
            "jackfield:plugin/codec@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "jackfield_sdk::bindings::codec",
    });
}
