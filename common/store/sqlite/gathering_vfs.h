// How SQLite writes its log here: one write a transaction.
//
// SQLite hands a write-ahead log to the operating system in two calls a page. This file system
// layer over SQLite's own keeps them together and writes them at the end of each transaction,
// before SQLite makes them durable (synchronous=FULL) and before any other connection may look at
// them. Everything but the log goes straight to SQLite's own layer.
#pragma once

namespace sqm::store {

// The name to open databases with; registers the layer and prepares SQLite for the process, once.
const char* GatheringVfs();

}  // namespace sqm::store
