/** Plugins for Jackfield in TypeScript. See docs/authoring/typescript.md in Jackfield's repository. */
export { Batch, column, type Row, type Types } from "./batch.ts";
export { codec, type CodecAbout, type Encoder } from "./codec.ts";
export { Accumulator, Grouper, Joiner } from "./compute.ts";
export { call, Column, lit, type Literal, type Operand, when } from "./expression.ts";
export { Failure, Failures, internal, invalidConfig, invalidInput, limitReached, type More, unavailable, unknownColumn } from "./failure.ts";
export { BadRow, type Chunk, chunks, type Demand, format, type FormatAbout, type Reader, type Writer } from "./format.ts";
export { log } from "./log.ts";
export { Binding, type Given, type InputPort, node, type Node, type NodeAbout, OutputPort, Step } from "./node.ts";
export { choice, flag, integer, list, number, optional, type Param, type Params, table, text, type ValuesOf } from "./params.ts";
export { Expression } from "./sql.ts";
export { joined, Pause, SinkWriter, SourceReader } from "./streams.ts";
export { type Field, Schema, Type } from "./types.ts";
export { type Numbers, type Value, View } from "./views.ts";
export type { Buffers, Predicate } from "./wit.ts";
