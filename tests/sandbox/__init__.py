"""Tests of the rehearsal cloud, from outside over HTTP."""
