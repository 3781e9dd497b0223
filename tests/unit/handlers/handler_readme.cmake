# Compiles the handlers shown in daemon/handlers/README.md into the unit tests, exactly as they stand
# there: its first two C++ blocks become greet.cpp and later.cpp in the build tree.
get_filename_component(handler_readme ${PROJECT_SOURCE_DIR}/daemon/handlers/README.md ABSOLUTE)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${handler_readme})
file(READ ${handler_readme} rest_of_readme)

foreach(handler greet later)
  string(FIND "${rest_of_readme}" "\n```cpp\n" start)
  if(start EQUAL -1)
    message(FATAL_ERROR "${handler_readme} has no C++ block for ${handler}.cpp")
  endif()
  math(EXPR start "${start} + 8")
  string(SUBSTRING "${rest_of_readme}" ${start} -1 rest_of_readme)
  string(FIND "${rest_of_readme}" "\n```\n" end)
  string(SUBSTRING "${rest_of_readme}" 0 ${end} code)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/handler_readme/${handler}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "${code}\n" @ONLY)
  target_sources(unit_tests PRIVATE ${source})
endforeach()
