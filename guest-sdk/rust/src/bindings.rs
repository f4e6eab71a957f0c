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
                import jackfield:plugin/spill@0.1.0;
                import jackfield:plugin/streams@0.1.0;
                import jackfield:plugin/checksums@0.1.0;
                import jackfield:plugin/hooking@0.1.0;
                import jackfield:plugin/services@0.1.0;
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

/// The exports of a plugin with hooks.
pub mod hook {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package jackfield:sdk; world hook { export jackfield:plugin/hook@0.1.0; }",
        world: "jackfield:sdk/hook",
        with: {
            "jackfield:plugin/types@0.1.0": crate::bindings::host::jackfield::plugin::types,
            "jackfield:plugin/data@0.1.0": crate::bindings::host::jackfield::plugin::data,
            "jackfield:plugin/hooking@0.1.0": crate::bindings::host::jackfield::plugin::hooking,
            "jackfield:plugin/hook@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "jackfield_sdk::bindings::hook",
    });
}

/// The exports of a plugin that is started and stopped.
pub mod lifecycle {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package jackfield:sdk; world lifecycle { export jackfield:plugin/lifecycle@0.1.0; }",
        world: "jackfield:sdk/lifecycle",
        with: {
            "jackfield:plugin/types@0.1.0": crate::bindings::host::jackfield::plugin::types,
            "jackfield:plugin/lifecycle@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "jackfield_sdk::bindings::lifecycle",
    });
}

/// The exports of a plugin that other plugins call.
pub mod service {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package jackfield:sdk; world service { export jackfield:plugin/service@0.1.0; }",
        world: "jackfield:sdk/service",
        with: {
            "jackfield:plugin/types@0.1.0": crate::bindings::host::jackfield::plugin::types,
            "jackfield:plugin/service@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "jackfield_sdk::bindings::service",
    });
}

/// The exports of a plugin that says how it is.
pub mod health {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package jackfield:sdk; world health { export jackfield:plugin/health@0.1.0; }",
        world: "jackfield:sdk/health",
        with: { "jackfield:plugin/health@0.1.0": generate },
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "jackfield_sdk::bindings::health",
    });
}
