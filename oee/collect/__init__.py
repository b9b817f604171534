"""The collecting shell: devices → readings → spool → database."""
