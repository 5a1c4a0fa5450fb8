S
û


service.name
Zaaksysteem×Ô
[ÿ÷˜Òi¶3?Æîá›~ÃÁ±t*y993ƒ¸éJK
dpl.core.processing_activity_id(
&https://register.example/activities/12J
dpl.core.data_subject_id
7J&
dpl.core.data_subject_id_type
BSNJ
k*
2	

n