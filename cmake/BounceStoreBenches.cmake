# Measurements of src/store, built by name: cmake --build BUILD --target
# bench_store_sqlite.

file(GLOB store_benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/store_*.c)
foreach(source ${store_benches})
  get_filename_component(name ${source} NAME_WE)
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${source}
    $<TARGET_OBJECTS:bounce_objects>)
  target_include_directories(bench_${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(bench_${name} PRIVATE bounce_store)
endforeach()
