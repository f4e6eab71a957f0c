// What a component with nodes exports: each call of the host becomes one of the author's.
#if defined(__wasm__) && defined(JACKFIELD_NODE)
#include "jackfield_wasm.h"

#include <stdlib.h>
#include <string.h>

typedef exports_jackfield_plugin_node_binding_t binding_t;
typedef exports_jackfield_plugin_node_step_t step_t;
typedef exports_jackfield_plugin_node_input_port_t input_t;

// The names of an input's columns, so that a batch need not ask the host for what `bind` has told.
struct port {
  char *name;
  char **columns;
  size_t count;
};

struct exports_jackfield_plugin_node_instance_t {
  const jf_node *node;
  void *state;
  struct port *ports;
  size_t port_count;
};

static bool same(const bindings_string_t *text, const char *other) {
  return text->len == strlen(other) && memcmp(text->ptr, other, text->len) == 0;
}

static char *owned_text(const bindings_string_t *text) {
  char *copy = jf_need(text->len + 1);
  if (text->len > 0) memcpy(copy, text->ptr, text->len);
  return copy;
}

static void give_all_failures(exports_jackfield_plugin_node_list_failure_t *err) {
  const jf_failure *failures;
  err->len = jf_failures(&failures);
  err->ptr = jf_need(err->len * sizeof *err->ptr);
  for (size_t i = 0; i < err->len; i++) jf_give_failure(&failures[i], &err->ptr[i]);
}

static void forget_ports(exports_jackfield_plugin_node_instance_t *self) {
  for (size_t p = 0; p < self->port_count; p++) {
    for (size_t c = 0; c < self->ports[p].count; c++) free(self->ports[p].columns[c]);
    free(self->ports[p].columns);
    free(self->ports[p].name);
  }
  free(self->ports);
  self->ports = NULL;
  self->port_count = 0;
}

bool exports_jackfield_plugin_node_constructor_instance(bindings_string_t *node_type, bindings_string_t *parameters,
    exports_jackfield_plugin_node_own_instance_t *ret, exports_jackfield_plugin_node_list_failure_t *err) {
  jf_begin();
  const jf_node *node = NULL;
  for (size_t i = 0; jf_nodes[i] != NULL && node == NULL; i++)
    if (same(node_type, jf_nodes[i]->type)) node = jf_nodes[i];
  exports_jackfield_plugin_node_instance_t *self = jf_need(sizeof *self);
  if (node == NULL) {
    jf_fail(JF_INTERNAL, "unknown-node", "the component has no node `%s`", jf_scratch_text(node_type));
  } else {
    self->node = node;
    self->state = jf_need(node->state_size);
    jf_params params = {jf_scratch_text(parameters)};
    if (node->open != NULL) node->open(self->state, params);
  }
  bindings_string_free(node_type);
  bindings_string_free(parameters);
  bool made = !jf_failed();
  if (made) {
    *ret = exports_jackfield_plugin_node_instance_new(self);
  } else {
    give_all_failures(err);
    exports_jackfield_plugin_node_instance_destructor(self);
  }
  jf_end();
  return made;
}

void exports_jackfield_plugin_node_instance_destructor(exports_jackfield_plugin_node_instance_t *self) {
  jf_begin();
  if (self->node != NULL && self->node->close != NULL) self->node->close(self->state);
  forget_ports(self);
  free(self->state);
  free(self);
  jf_end();
}

// ---- bind ----

struct jf_binding {
  const input_t *inputs;
  size_t count;
  binding_t made;
};

size_t jf_inputs(jf_binding *it) { return it->count; }
const char *jf_input_name(jf_binding *it, size_t input) { return jf_scratch_text(&it->inputs[input].name); }
size_t jf_input_columns(jf_binding *it, size_t input) { return it->inputs[input].schema.columns.len; }

static const jackfield_plugin_types_field_t *field_of(jf_binding *it, size_t input, size_t column) {
  const jackfield_plugin_types_schema_t *schema = &it->inputs[input].schema;
  return &schema->fields.ptr[schema->columns.ptr[column]];
}

const char *jf_input_column(jf_binding *it, size_t input, size_t column) {
  return jf_scratch_text(&field_of(it, input, column)->name);
}

const char *jf_input_type(jf_binding *it, size_t input, size_t column) {
  return jf_type_name(&field_of(it, input, column)->data_type);
}

static size_t distance(const char *a, const char *b) {
  size_t n = strlen(b), *row = jf_scratch((n + 1) * sizeof *row);
  for (size_t j = 0; j <= n; j++) row[j] = j;
  for (size_t i = 1; a[i - 1] != '\0'; i++) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n; j++) {
      size_t above = row[j], best = corner + (a[i - 1] != b[j - 1]);
      if (above + 1 < best) best = above + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
      corner = above;
    }
  }
  return row[n];
}

static size_t find_column(jf_binding *it, size_t input, const char *name) {
  for (size_t i = 0; i < jf_input_columns(it, input); i++)
    if (same(&field_of(it, input, i)->name, name)) return i;
  return SIZE_MAX;
}

size_t jf_expect_column(jf_binding *it, size_t input, const char *name, const char *parameter) {
  size_t found = find_column(it, input, name);
  if (found != SIZE_MAX) return found;
  jf_fail(JF_INVALID_CONFIG, "unknown-column", "there is no column `%s`", name);
  jf_fail_column(name);
  if (parameter != NULL) jf_fail_parameter(parameter);
  size_t best = 3;
  const char *near = NULL;
  for (size_t i = 0; i < jf_input_columns(it, input); i++) {
    const char *other = jf_input_column(it, input, i);
    size_t far = distance(name, other);
    if (far < best) best = far, near = other;
  }
  if (near != NULL) jf_fail_help("did you mean `%s`?", near);
  return SIZE_MAX;
}

// One more element of a list that belongs to the answer.
#define GROW(list) ((list).ptr = realloc((list).ptr, ((list).len + 1) * sizeof *(list).ptr), \
                    (list).ptr == NULL ? abort() : (void)memset(&(list).ptr[(list).len], 0, sizeof *(list).ptr), \
                    &(list).ptr[(list).len++])

void jf_output(jf_binding *it, const char *port) {
  exports_jackfield_plugin_node_output_port_t *made = GROW(it->made.outputs);
  made->name = jf_given(port);
  made->columns.is_some = true;
}

static exports_jackfield_plugin_node_output_port_t *port_of(jf_binding *it) {
  if (it->made.outputs.len == 0) jf_output(it, "out");
  return &it->made.outputs.ptr[it->made.outputs.len - 1];
}

void jf_output_pass(jf_binding *it, size_t input, size_t column, const char *name) {
  exports_jackfield_plugin_node_out_column_t *made = GROW(port_of(it)->columns.val);
  made->tag = EXPORTS_JACKFIELD_PLUGIN_NODE_OUT_COLUMN_PASSED;
  made->val.passed.input.port = jf_given(jf_input_name(it, input));
  made->val.passed.input.index = (uint32_t)column;
  made->val.passed.name.is_some = name != NULL;
  if (name != NULL) made->val.passed.name.val = jf_given(name);
}

void jf_output_pass_all(jf_binding *it, size_t input) {
  for (size_t i = 0; i < jf_input_columns(it, input); i++) jf_output_pass(it, input, i, NULL);
}

static void output_tree(jf_binding *it, jackfield_plugin_types_tree_t tree) {
  exports_jackfield_plugin_node_out_column_t *made = GROW(port_of(it)->columns.val);
  made->tag = EXPORTS_JACKFIELD_PLUGIN_NODE_OUT_COLUMN_MADE;
  made->val.made = tree;
}

void jf_output_made(jf_binding *it, const char *name, const char *type, bool nullable) {
  jackfield_plugin_types_tree_t tree;
  if (jf_give_tree(type, name, nullable, &tree)) output_tree(it, tree);
}

void jf_output_with(jf_binding *it, const char *name, const char *type) {
  bool replaced = false;
  jf_output(it, "out");
  for (size_t i = 0; i < jf_input_columns(it, 0); i++) {
    if (same(&field_of(it, 0, i)->name, name)) jf_output_made(it, name, type, true), replaced = true;
    else jf_output_pass(it, 0, i, NULL);
  }
  if (!replaced) jf_output_made(it, name, type, true);
}

void jf_output_unknown(jf_binding *it) { port_of(it)->columns.is_some = false; }

static bindings_list_string_t *need_of(jf_binding *it, size_t input) {
  const char *port = jf_input_name(it, input);
  for (size_t i = 0; i < it->made.needs.len; i++)
    if (same(&it->made.needs.ptr[i].port, port)) return &it->made.needs.ptr[i].columns.val;
  exports_jackfield_plugin_node_need_t *made = GROW(it->made.needs);
  made->port = jf_given(port);
  made->columns.is_some = true;
  return &made->columns.val;
}

void jf_needs(jf_binding *it, size_t input, const char *column) {
  bindings_list_string_t *needs = need_of(it, input);
  for (size_t i = 0; i < needs->len; i++)
    if (same(&needs->ptr[i], column)) return;
  bindings_string_t *made = GROW(*needs);
  *made = jf_given(column);
}

void jf_needs_nothing(jf_binding *it, size_t input) { need_of(it, input); }

void jf_drain_first(jf_binding *it, const char *port) {
  bindings_string_t *made = GROW(it->made.drain_first);
  *made = jf_given(port);
}

void jf_row_wise(jf_binding *it) { it->made.row_wise = true; }

void jf_keeps_rows(jf_binding *it) {
  bindings_tuple2_string_string_t *made = GROW(it->made.extra);
  made->f0 = jf_given("keeps-rows");
  made->f1 = jf_given("true");
}

// ---- the short way ----

struct set {
  struct set *next;
  const char *name;
  jf_column column;
};

struct jf_frame {
  jf_binding *binding; // while it runs over types
  jf_batch batch;      // while it runs over rows
  jf_column mask;
  struct set *sets; // in the order of the calls
};

jf_column jf_frame_column(jf_frame *frame, const char *name) {
  for (struct set *it = frame->sets; it != NULL; it = it->next)
    if (strcmp(it->name, name) == 0) return it->column;
  if (frame->binding == NULL) return jf_column_of(frame->batch, name);
  size_t at = jf_expect_column(frame->binding, 0, name, NULL);
  if (at == SIZE_MAX) return NULL;
  jf_needs(frame->binding, 0, name);
  const jackfield_plugin_types_schema_t *schema = &frame->binding->inputs[0].schema;
  jackfield_plugin_types_tree_t tree;
  jf_give_subtree(schema->fields.ptr, schema->fields.len, schema->columns.ptr[at], &tree);
  return jf_planned_column(tree);
}

void jf_frame_filter(jf_frame *frame, jf_column mask) {
  if (frame->mask != NULL && mask != NULL) mask = jf_and(frame->mask, jf_col(mask));
  if (mask != NULL && frame->binding != NULL && strcmp(jf_type(mask), "bool") != 0) {
    jf_fail(JF_INVALID_CONFIG, "type-mismatch", "rows are kept by a column of bool, and this is %s", jf_type(mask));
    return;
  }
  frame->mask = mask;
}

void jf_frame_set(jf_frame *frame, const char *name, jf_column column) {
  struct set **end = &frame->sets;
  for (; *end != NULL; end = &(*end)->next) {
    if (strcmp((*end)->name, name) == 0) {
      (*end)->column = column;
      return;
    }
  }
  *end = jf_scratch(sizeof **end);
  (*end)->name = jf_print("%s", name);
  (*end)->column = column;
}

static void rename_root(jackfield_plugin_types_tree_t *tree, const char *name) {
  bindings_string_free(&tree->ptr[0].name);
  tree->ptr[0].name = jf_given(name);
  tree->ptr[0].nullable = true;
}

static void output_set(jf_binding *it, const struct set *set) {
  if (set->column == NULL || !set->column->planned) return;
  const jackfield_plugin_types_tree_t *from = set->column->tree;
  jackfield_plugin_types_tree_t tree;
  jf_give_subtree(from->ptr, from->len, 0, &tree);
  rename_root(&tree, set->name);
  output_tree(it, tree);
}

static void bind_applied(exports_jackfield_plugin_node_instance_t *self, jf_binding *binding) {
  jf_frame frame = {.binding = binding};
  jf_needs_nothing(binding, 0);
  self->node->apply(self->state, &frame);
  if (jf_failed()) return;
  jf_output(binding, "out");
  // Replaced columns stand in their places, and are made in that order, new ones behind them.
  for (size_t i = 0; i < jf_input_columns(binding, 0); i++) {
    const struct set *set = frame.sets;
    while (set != NULL && !same(&field_of(binding, 0, i)->name, set->name)) set = set->next;
    if (set != NULL) output_set(binding, set);
    else jf_output_pass(binding, 0, i, NULL);
  }
  for (const struct set *set = frame.sets; set != NULL; set = set->next)
    if (find_column(binding, 0, set->name) == SIZE_MAX) output_set(binding, set);
  jf_row_wise(binding);
  if (frame.mask == NULL) jf_keeps_rows(binding);
}

static void apply_to_rows(exports_jackfield_plugin_node_instance_t *self, jf_step *step, jf_batch batch) {
  jf_frame frame = {.batch = batch};
  self->node->apply(self->state, &frame);
  if (jf_failed()) return;
  size_t count = 0, most = 0;
  for (const struct set *set = frame.sets; set != NULL; set = set->next) most++;
  jf_column *made = jf_scratch((most + 1) * sizeof *made);
  const struct port *port = &self->ports[0];
  for (size_t i = 0; i < port->count; i++)
    for (const struct set *set = frame.sets; set != NULL; set = set->next)
      if (strcmp(port->columns[i], set->name) == 0) made[count++] = set->column;
  for (const struct set *set = frame.sets; set != NULL; set = set->next) {
    bool old = false;
    for (size_t i = 0; i < port->count; i++) old |= strcmp(port->columns[i], set->name) == 0;
    if (!old) made[count++] = set->column;
  }
  jf_change(step, "out", frame.mask, made, count);
}

static void remember_ports(exports_jackfield_plugin_node_instance_t *self, const jf_binding *binding) {
  forget_ports(self);
  self->ports = jf_need(binding->count * sizeof *self->ports);
  self->port_count = binding->count;
  for (size_t p = 0; p < binding->count; p++) {
    const jackfield_plugin_types_schema_t *schema = &binding->inputs[p].schema;
    self->ports[p].name = owned_text(&binding->inputs[p].name);
    self->ports[p].count = schema->columns.len;
    self->ports[p].columns = jf_need(schema->columns.len * sizeof(char *));
    for (size_t c = 0; c < schema->columns.len; c++)
      self->ports[p].columns[c] = owned_text(&schema->fields.ptr[schema->columns.ptr[c]].name);
  }
}

bool exports_jackfield_plugin_node_method_instance_bind(exports_jackfield_plugin_node_borrow_instance_t self,
    exports_jackfield_plugin_node_list_input_port_t *inputs, binding_t *ret, exports_jackfield_plugin_node_list_failure_t *err) {
  jf_begin();
  jf_binding binding = {.inputs = inputs->ptr, .count = inputs->len};
  remember_ports(self, &binding);
  if (self->node->apply != NULL) bind_applied(self, &binding);
  else if (self->node->bind != NULL) self->node->bind(self->state, &binding);
  else jf_fail(JF_INTERNAL, "incomplete-node", "the node `%s` has neither `apply` nor `bind`", self->node->type);
  bool bound = !jf_failed();
  if (bound) {
    *ret = binding.made;
  } else {
    give_all_failures(err);
    exports_jackfield_plugin_node_binding_free(&binding.made);
  }
  exports_jackfield_plugin_node_list_input_port_free(inputs);
  jf_end();
  return bound;
}

// ---- steps ----

struct jf_step {
  step_t made;
};

void jf_change(jf_step *step, const char *port, jf_column mask, const jf_column *made, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (made[i] == NULL) return;
  jackfield_plugin_flow_emission_t *emission = GROW(step->made.emissions);
  emission->port = jf_given(port);
  emission->output.tag = JACKFIELD_PLUGIN_FLOW_OUTPUT_CHANGE;
  jackfield_plugin_flow_change_t *change = &emission->output.val.change;
  if (mask != NULL) {
    change->selection.is_some = true;
    change->selection.val.__handle = jf_host_share_column(mask->handle);
  }
  change->made.len = count;
  change->made.ptr = jf_need(count * sizeof *change->made.ptr);
  for (size_t i = 0; i < count; i++) change->made.ptr[i].__handle = jf_host_share_column(made[i]->handle);
}

void jf_emit(jf_step *step, const char *port, jf_batch batch) {
  if (batch == NULL) return;
  jackfield_plugin_flow_emission_t *emission = GROW(step->made.emissions);
  emission->port = jf_given(port);
  emission->output.tag = JACKFIELD_PLUGIN_FLOW_OUTPUT_BATCH;
  emission->output.val.batch.__handle = jf_host_share_batch(batch);
}

void jf_reject(jf_step *step, jf_column rows) {
  jf_failure reason;
  if (rows == NULL || !jf_take_failure(&reason)) return;
  jackfield_plugin_flow_rejected_t *rejected = GROW(step->made.rejected);
  rejected->rows.__handle = jf_host_share_column(rows->handle);
  jf_give_failure(&reason, &rejected->reason);
}

void jf_more(jf_step *step) { step->made.progress = JACKFIELD_PLUGIN_FLOW_PROGRESS_MORE; }
void jf_done(jf_step *step) { step->made.progress = JACKFIELD_PLUGIN_FLOW_PROGRESS_DONE; }

static bool settle(jf_step *step, step_t *ret, exports_jackfield_plugin_node_failure_t *err) {
  bool failed = jf_give_first_failure(err);
  if (failed) exports_jackfield_plugin_node_step_free(&step->made);
  else *ret = step->made;
  jf_end();
  return !failed;
}

bool exports_jackfield_plugin_node_method_instance_process(exports_jackfield_plugin_node_borrow_instance_t self,
    bindings_string_t *port, exports_jackfield_plugin_node_borrow_batch_t input,
    exports_jackfield_plugin_node_list_buffers_t *columns, step_t *ret, exports_jackfield_plugin_node_failure_t *err) {
  jf_begin();
  jf_step step = {0};
  jf_batch batch = jf_new_batch(input.__handle, true);
  for (size_t p = 0; p < self->port_count; p++) {
    if (!same(port, self->ports[p].name)) continue;
    batch->names = (const char *const *)self->ports[p].columns;
    batch->name_count = self->ports[p].count;
  }
  if (self->node->apply != NULL) apply_to_rows(self, &step, batch);
  else if (self->node->process != NULL) self->node->process(self->state, &step, jf_scratch_text(port), batch);
  bindings_string_free(port);
  exports_jackfield_plugin_node_list_buffers_free(columns);
  return settle(&step, ret, err);
}

bool exports_jackfield_plugin_node_method_instance_resume(exports_jackfield_plugin_node_borrow_instance_t self, step_t *ret,
    exports_jackfield_plugin_node_failure_t *err) {
  jf_begin();
  jf_step step = {0};
  if (self->node->resume != NULL) self->node->resume(self->state, &step);
  return settle(&step, ret, err);
}

bool exports_jackfield_plugin_node_method_instance_finish(exports_jackfield_plugin_node_borrow_instance_t self,
    bindings_string_t *port, step_t *ret, exports_jackfield_plugin_node_failure_t *err) {
  jf_begin();
  jf_step step = {0};
  if (self->node->finish != NULL) self->node->finish(self->state, &step, jf_scratch_text(port));
  bindings_string_free(port);
  return settle(&step, ret, err);
}
#endif
