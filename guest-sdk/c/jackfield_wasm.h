// What the files for WebAssembly share. Not for plugins.
#ifndef JACKFIELD_WASM_H
#define JACKFIELD_WASM_H

#include "bindings.h"
#include "jackfield.h"
#include "jackfield_host.h"

void *jf_need(size_t bytes); // zeroed; ends the plugin if there is no memory
bindings_string_t jf_given(const char *text); // a copy that the receiver frees
bindings_string_t jf_lent(const char *text);
const char *jf_scratch_text(const bindings_string_t *text);
void jf_give_failure(const jf_failure *from, jackfield_plugin_types_failure_t *to);
bool jf_give_first_failure(jackfield_plugin_types_failure_t *to); // false: there is none
void jf_take_host_failure(jackfield_plugin_types_failure_t *from);
const char *jf_type_name(const jackfield_plugin_types_data_type_t *type);
bool jf_give_tree(const char *type, const char *name, bool nullable, jackfield_plugin_types_tree_t *tree);
void jf_give_subtree(const jackfield_plugin_types_field_t *fields, size_t count, uint32_t at, jackfield_plugin_types_tree_t *tree);
jf_column jf_planned_column(jackfield_plugin_types_tree_t tree);

struct jf_source { jackfield_plugin_streams_own_source_t own; };
struct jf_sink { jackfield_plugin_streams_own_sink_t own; };

#endif
