//! {{title}}: keeps the rows whose column is above a number of minutes, and adds the column in hours.

const c = @import("jackfield"); // sdk/jackfield.h

const Node = extern struct {
    column: [*c]u8,
    into: [*c]u8,
    above: f64,
};

// The parameters have been checked against the schema in plugin.toml.
fn open(state: ?*anyopaque, params: c.jf_params) callconv(.c) void {
    const self: *Node = @ptrCast(@alignCast(state));
    self.column = c.jf_keep_text(c.jf_param_text(params, "column", ""));
    self.into = c.jf_keep_text(c.jf_param_text(params, "into", "hours"));
    self.above = c.jf_param_float(params, "above", 60);
}

// Run once over the types, then over every batch. The loops run in the host, at native speed.
fn apply(state: ?*anyopaque, frame: ?*c.jf_frame) callconv(.c) void {
    const self: *const Node = @ptrCast(@alignCast(state));
    const minutes = c.jf_cast(c.jf_frame_column(frame, self.column), "float64");
    c.jf_frame_filter(frame, c.jf_gt(minutes, c.jf_float(self.above)));
    c.jf_frame_set(frame, self.into, c.jf_div(minutes, c.jf_float(60)));
}

fn close(state: ?*anyopaque) callconv(.c) void {
    const self: *const Node = @ptrCast(@alignCast(state));
    free(self.column);
    free(self.into);
}

extern fn free(text: ?*anyopaque) void;

const node = c.jf_node{
    .type = "{{name}}",
    .state_size = @sizeOf(Node),
    .open = open,
    .apply = apply,
    .close = close,
};

export const jf_nodes = [_]?*const c.jf_node{ &node, null };
