-- The calendar no longer knows these instances of the days named.
UPDATE shift_instance SET retired = true
WHERE line_id = %(line_id)s AND production_date BETWEEN %(first)s AND %(last)s AND NOT retired
  AND (production_date::text || '/' || name) <> ALL(%(keys)s)
