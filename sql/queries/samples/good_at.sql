-- Whether a tag's last word at or before an instant was a Good value.
SELECT quality >= 0 AND quality < 1073741824 FROM sample WHERE tag_id = %(tag)s AND ts <= %(at)s ORDER BY ts DESC LIMIT 1
