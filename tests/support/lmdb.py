# SPDX-License-Identifier: Apache-2.0
"""LMDB environments changed behind the product's back: an earlier release's, a damaged one."""

import contextlib
import ctypes


class _Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_char_p)]


@contextlib.contextmanager
def _table(directory, name):
    lmdb = ctypes.CDLL("liblmdb.so.0")
    env, txn, dbi = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint()
    assert lmdb.mdb_env_create(ctypes.byref(env)) == 0
    assert lmdb.mdb_env_set_maxdbs(env, 32) == 0
    assert lmdb.mdb_env_open(env, directory.encode(), 0, 0o640) == 0
    assert lmdb.mdb_txn_begin(env, None, 0, ctypes.byref(txn)) == 0
    assert lmdb.mdb_dbi_open(txn, name.encode(), 0, ctypes.byref(dbi)) == 0
    yield lmdb, txn, dbi
    assert lmdb.mdb_txn_commit(txn) == 0
    lmdb.mdb_env_close(env)


def drop_table(directory, name):
    """Takes a table out, as a release before it made the store."""
    with _table(directory, name) as (lmdb, txn, dbi):
        assert lmdb.mdb_drop(txn, dbi, 1) == 0


def put_record(directory, name, key, value):
    """Writes what the product would not."""
    with _table(directory, name) as (lmdb, txn, dbi):
        assert lmdb.mdb_put(txn, dbi, ctypes.byref(_Value(len(key), key)),
                            ctypes.byref(_Value(len(value), value)), 0) == 0
