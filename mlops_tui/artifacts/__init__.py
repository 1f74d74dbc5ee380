"""What artifacts hold, looked into without reading more than is shown: texts, tables, pictures.

Knows no screen. Bytes are hostile: each reader is bounded in time and memory and raises ``Refused`` where it gives up.
"""
